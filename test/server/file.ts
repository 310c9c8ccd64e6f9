import { fileURLToPath } from 'node:url'

/** Where the tests find the server that they share. */
export const serverFile = fileURLToPath(new URL('../../.tap/postgres.json', import.meta.url))

export interface Server {
  readonly url: string
  /** The process that keeps it; undefined when it is not ours to stop. */
  readonly keeper: number | undefined
}
