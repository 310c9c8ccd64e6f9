import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../root.ts'

export const KUBERNETES = join(ROOT, 'deploy/kubernetes')

/** One object of Kubernetes as a file describes it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
}

/** The only object of a kind. */
export function ofKind<T extends object>(manifests: readonly Manifest[], kind: string): T & Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  if (found === undefined || others.length > 0) throw new Error(`there is not one ${kind}`)
  return found as T & Manifest
}

/** The files of deploy/kubernetes, by their names, without those that only kustomize reads. */
export function manifestFiles(): string[] {
  return globSync('**/*.yaml', { cwd: KUBERNETES }).filter((file) => basename(file) !== 'kustomization.yaml')
}

/** The documents of a YAML text. Throws where it is not YAML: a key that is given twice, for one. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS()
  })
}

/** The only document of a file of deploy/kubernetes; what it is has to be valid before it can be trusted. */
export function readManifest<T extends object = Manifest>(file: string): T & Manifest {
  const documents = parseManifests(readFileSync(join(KUBERNETES, file), 'utf8'))
  if (documents.length !== 1) throw new Error(`${file} has ${documents.length} documents, and not one`)
  return documents[0] as T & Manifest
}
