import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { parse, stringify } from 'yaml'
import { ROOT } from '../root.ts'
import { type Manifest, parseManifests } from './manifest.ts'
import { runProgram } from './programs.ts'

export const CHART = join(ROOT, 'deploy/helm/metrics-service')

/** The objects that the chart makes of these values, for a release of this name. Throws where Helm refuses them. */
export function renderChart(t: Test, values: object, release = 'metrics-service'): Manifest[] {
  return parseManifests(runProgram('helm', 'template', release, CHART, '--values', valuesFile(t, values)))
}

/** A file with these values. */
export function valuesFile(t: Test, values: object): string {
  return join(t.testdir({ 'values.yaml': stringify(values) }), 'values.yaml')
}

/**
 * The objects that kubectl builds of a kustomization. Its `resources` and `components` are paths from the root of the repository; the
 * files are put beside it.
 */
export function kustomize(t: Test, text: string, files: Readonly<Record<string, string>> = {}): Manifest[] {
  const folder = t.testdir({})
  const kustomization = parse(text)
  for (const field of ['resources', 'components']) {
    kustomization[field] = kustomization[field]?.map((path: string) => relative(folder, join(ROOT, path)))
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
  return parseManifests(runProgram('kubectl', 'kustomize', folder))
}

/** Labels that say who made an object, and not what it is. */
const OF_HELM = ['app.kubernetes.io/version', 'app.kubernetes.io/managed-by', 'helm.sh/chart']

/**
 * Objects by their kinds and names, without what is of no consequence: the labels that Helm adds, and the order of variables and
 * volumes. Rules and dashboards are of no instance in kustomize.
 */
export function comparable(manifests: readonly Manifest[]): Record<string, unknown> {
  return Object.fromEntries(
    manifests.map((manifest) => {
      const { kind, metadata } = manifest
      const shared = kind === 'PrometheusRule' || metadata.name.endsWith('-dashboards')
      const left = new Set([...OF_HELM, ...(shared ? ['app.kubernetes.io/instance'] : [])])
      const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => !left.has(name))
      return [
        `${kind} ${metadata.name}`,
        sortNamed({ ...manifest, metadata: { ...metadata, labels: Object.fromEntries(labels) } }),
      ]
    }),
  )
}

/** The same with each list of things with names in the order of those. */
function sortNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortNamed).sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sortNamed(item)]))
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : ''
}
