import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ROOT } from '../root.ts'
import { FULL, SAME } from './cases.ts'
import { type Manifest, manifestFiles, readManifest } from './manifest.ts'
import { lacksProgram } from './programs.ts'
import { kustomize, renderChart } from './render.ts'

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const helm = { skip: lacksProgram('helm') }
const kubectl = { skip: lacksProgram('kubectl') }
const FLAGS = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']

/** The module that has the types and the schemas of a document's kind. */
function modelsOf({ apiVersion }: Manifest): string {
  const custom = apiVersion.startsWith('monitoring.coreos.com/')
  return `${custom ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}`
}

/** What the schema of its kind holds against a document. */
async function validate(manifest: Manifest): Promise<string[]> {
  const { [manifest.kind]: Model }: Record<string, new (data: Manifest) => { validate(): void }> =
    await import(modelsOf(manifest))
  if (Model === undefined) return [`there is no ${manifest.kind} in ${manifest.apiVersion}`]
  try {
    new Model(manifest).validate()
    return []
  } catch (error) {
    return [String(error)]
  }
}

/** What the compiler holds against each of these documents, as a literal of the type of its kind: one program for all. */
function compile(t: Test, manifests: readonly Manifest[]): string[][] {
  const literals = manifests.map((manifest) => {
    const type = `I${manifest.kind}`
    return `import type { ${type} } from '${modelsOf(manifest)}'\nexport const manifest: ${type} = ${JSON.stringify(manifest)}\n`
  })
  const names = literals.map((_, i) => `${i}.ts`)
  // The test runner has every process load a part of its own, under which the compiler does not start.
  const args = ['-u', 'NODE_OPTIONS', process.execPath, TSC, ...FLAGS, '--pretty', 'false', ...names]
  const cwd = t.testdir(Object.fromEntries(literals.map((literal, i) => [`${i}.ts`, literal])))
  const { status, stdout, stderr } = spawnSync('env', args, { cwd, encoding: 'utf8' })
  const errors = stdout.split(/\n(?! )/).filter((error) => error !== '')
  const found = names.map((name) => errors.filter((error) => error.startsWith(`${name}(`)))
  // What is said of no document, or without a word, is not of the documents.
  if (found.flat().length !== errors.length || (status === 0) !== (errors.length === 0))
    throw new Error(`the compiler ends with ${status}: ${stdout}${stderr}`)
  return found
}

/**
 * What the API's own schemas hold against each of these documents; nothing against one that is valid. Kubernetes
 * publishes schemas that let an unknown field pass, and so a misspelt one, which the API server then drops; so the
 * compiler judges the document as well, by the type made from the same schema.
 */
async function complaints(t: Test, manifests: readonly Manifest[]): Promise<string[][]> {
  const validated = await Promise.all(manifests.map(validate))
  return compile(t, manifests).map((errors, i) => [...(validated[i] ?? []), ...errors])
}

t.test('every document of deploy/kubernetes is valid by the schema of its kind', async (t) => {
  const files = manifestFiles()
  const found = await complaints(
    t,
    files.map((file) => readManifest(file)),
  )
  for (const [i, file] of files.entries()) t.same(found[i], [], file)
})

t.test('every object that the chart can make is valid by the schema of its kind', helm, async (t) => {
  const alone = { state: { file: { enabled: true, storageClassName: 'fast' } } }
  const made = [FULL, alone].flatMap((values) => renderChart(t, values))
  const found = await complaints(t, made)
  for (const [i, { kind, metadata }] of made.entries()) t.same(found[i], [], `${kind} ${metadata.name}`)
})

t.test('every object that kustomize makes of all components is valid, too', kubectl, async (t) => {
  const made = SAME.slice(-1).flatMap(({ kustomization, files }) => kustomize(t, kustomization, files))
  const found = await complaints(t, made)
  for (const [i, { kind, metadata }] of made.entries()) t.same(found[i], [], `${kind} ${metadata.name}`)
})

t.test('a document for Kubernetes that is broken is refused', async (t) => {
  const cases: readonly [what: string, file: string, from: string, to: string, why: RegExp][] = [
    [
      'a field that is misspelt',
      'deployment.yaml',
      'readOnlyRootF',
      'readonlyRootF',
      /readonlyRootFilesystem/,
    ],
    ['a port that is a text', 'service.yaml', '"port":9993', '"port":"9993"', /ports\/0\/port/],
    [
      'a duration that is none',
      'prometheus-operator/servicemonitor.yaml',
      '"interval":"15s"',
      '"interval":"soon"',
      /interval/,
    ],
    [
      'a kind that there is not',
      'poddisruptionbudget.yaml',
      'PodDisruptionBudget',
      'PodBudget',
      /no PodBudget in policy/,
    ],
  ]
  const broken = cases.map(([what, file, from, to]): Manifest => {
    const text = JSON.stringify(readManifest(file))
    t.ok(text.includes(from), `${what} is another document`)
    return JSON.parse(text.replace(from, to))
  })
  const found = await complaints(t, broken)
  for (const [i, [what, , , , why]] of cases.entries()) t.match(found[i]?.join('\n'), why, what)
})
