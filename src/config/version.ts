import { manifest } from './package.ts'

/** The version of the service. */
export const version = manifest.version
