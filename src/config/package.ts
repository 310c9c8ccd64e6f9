import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'

/** What of its `package.json` the service uses. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly engines: { readonly node: string }
  readonly devDependencies: Readonly<Record<string, string>>
}

const path = findPackageJSON(import.meta.url)
if (path === undefined) throw new Error(`${import.meta.url} is in no package`)

/** The folder of the package that this code is in. What is built from it has another place there, and the same folder. */
export const packageFolder = dirname(path)

/** What is in its `package.json`. */
export const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'))
