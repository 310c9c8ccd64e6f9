import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt } from './question.ts'
import { documentsIn, readDocuments } from './yaml.ts'

/** A document as an exporter reads it, and what it was in. */
export interface Unwrapped {
  readonly document: Mapping
  /** Whether the manifest that it was in is one of CloudNativePG. */
  readonly isCloudNative: boolean
}

/** How deep the values of a chart may be in those of another. */
const DEEPEST = 3

/**
 * Takes out of a manifest of Kubernetes, or of the values of a Helm chart, what an exporter reads; else the document itself.
 * Adds a text that cannot be understood to `losses`.
 */
export function unwrap(document: Mapping, losses: Loss[]): Unwrapped[] {
  const kind = document.isText('kind') ? document.text('kind') : undefined
  if (kind === 'List') return document.mappings('items').flatMap((item) => unwrap(item, losses))
  if (isManifest(document)) {
    const isCloudNative = /cnpg|cloudnative/i.test(namesOf(document))
    const parts = ['data', 'stringData'].flatMap((key) => {
      const data = document.isMapping(key) ? document.mapping(key) : undefined
      return data === undefined ? [] : textsOf(data, kind === 'Secret' && key === 'data', losses)
    })
    return parts.map((part) => ({ document: part, isCloudNative }))
  }
  const values = inValues(document, DEEPEST)
  const own = values.length > 0 ? values : [document]
  return own.map((part) => ({ document: part, isCloudNative: false }))
}

export function isManifest(document: Mapping): boolean {
  return document.has('kind') && document.has('apiVersion')
}

function namesOf(document: Mapping): string {
  const metadata = document.mapping('metadata')
  return [metadata?.text('name') ?? '', ...(metadata?.mapping('labels')?.keys ?? [])].join(' ')
}

/** The documents of each text that is YAML by its name, or has none that says so and several lines. */
function textsOf(data: Mapping, isEncoded: boolean, losses: Loss[]): Mapping[] {
  return data.keys.flatMap((key) => {
    const written = data.isText(key) ? (data.text(key) ?? '') : ''
    const text = isEncoded ? Buffer.from(written, 'base64').toString() : written
    const isYaml = key.includes('.') ? /\.ya?ml$/.test(key) : text.includes('\n')
    if (!isYaml) return []
    return attempt(losses, `key "${key}"`, data.place(key), () =>
      isEncoded ? readDocuments(text, `${data.file}[${key}]`) : documentsIn(data, key),
    )
  })
}

/**
 * What the values of the charts of prometheus-postgres-exporter (`config.queries`) and of sql_exporter (`config`,
 * `collectorFiles`) have.
 */
function inValues(document: Mapping, depth: number): Mapping[] {
  const config = document.isMapping('config') ? document.mapping('config') : undefined
  const files = document.isMapping('collectorFiles') ? document.mapping('collectorFiles') : undefined
  if (config?.isText('queries') === true) return documentsIn(config, 'queries')
  if (files !== undefined || config?.isMapping('global') || config?.isMapping('target')) {
    const own = config === undefined ? [] : [config]
    return [...own, ...(files?.keys ?? []).flatMap((key) => partsOf(files, key))]
  }
  if (depth === 0) return []
  return document.keys
    .filter((key) => document.isMapping(key))
    .flatMap((key) => inValues(document.mapping(key) ?? document, depth - 1))
}

function partsOf(files: Mapping | undefined, key: string): Mapping[] {
  if (files === undefined) return []
  if (files.isText(key)) return documentsIn(files, key)
  const part = files.isMapping(key) ? files.mapping(key) : undefined
  return part === undefined ? [] : [part]
}
