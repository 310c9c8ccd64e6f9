import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
export const KUBERNETES = join(ROOT, 'deploy/kubernetes')

/** One object of Kubernetes as a file describes it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
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
export function readManifest<T extends Manifest>(file: string): T {
  const documents = parseManifests(readFileSync(join(KUBERNETES, file), 'utf8'))
  if (documents.length !== 1) throw new Error(`${file} has ${documents.length} documents, and not one`)
  return documents[0] as T
}

/**
 * What the API's own schemas hold against a document; empty when it is valid. Kubernetes publishes schemas that let an
 * unknown field pass, and so a misspelt one, which the API server then drops; so the compiler judges the document as
 * well, as a literal of the type made from the same schema.
 */
export async function complaints(t: Test, manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest
  const custom = apiVersion.startsWith('monitoring.coreos.com/')
  const models = `${custom ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}`
  const { [kind]: Model }: Record<string, new (data: Manifest) => { validate(): void }> = await import(models)
  if (Model === undefined) return [`there is no ${kind} in ${apiVersion}`]
  const found: string[] = []
  try {
    new Model(manifest).validate()
  } catch (error) {
    found.push(String(error))
  }
  const file = 'manifest.ts'
  const literal = `import type { I${kind} } from '${models}'\nexport const manifest: I${kind} = ${JSON.stringify(manifest)}\n`
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
  // The test runner has every process load a part of its own, under which the compiler does not start.
  const { status, stdout, stderr } = spawnSync(
    'env',
    ['-u', 'NODE_OPTIONS', process.execPath, TSC, ...flags, file],
    {
      cwd: t.testdir({ [file]: literal }),
      encoding: 'utf8',
    },
  )
  if (status !== 0) found.push(stdout || stderr)
  return found
}
