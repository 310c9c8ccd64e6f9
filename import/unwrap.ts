import type { Mapping } from './yaml.ts'

/** A document as an exporter reads it, and what it was in. */
export interface Unwrapped {
  readonly document: Mapping
  /** Whether the manifest that it was in is one of CloudNativePG. */
  readonly isCloudNative: boolean
}

/** How deep the values of a chart may be in those of another. */
const DEEPEST = 3

/** Takes out of a manifest of Kubernetes, or of the values of a Helm chart, what an exporter reads; else the document itself. */
export function unwrap(document: Mapping): Unwrapped[] {
  if (document.isText('kind') && document.text('kind') === 'List')
    return document.mappings('items').flatMap(unwrap)
  const isManifest = document.has('kind') && document.has('apiVersion')
  const isCloudNative = isManifest && /cnpg|cloudnative/i.test(namesOf(document))
  const data = isManifest ? ['data', 'stringData'] : []
  const parts = data.filter((key) => document.isMapping(key)).flatMap((key) => textsOf(document.mapping(key)))
  if (isManifest) return parts.map((part) => ({ document: part, isCloudNative }))
  const values = inValues(document, DEEPEST)
  const own = values.length > 0 ? values : [document]
  return own.map((part) => ({ document: part, isCloudNative: false }))
}

function namesOf(document: Mapping): string {
  const metadata = document.mapping('metadata')
  return [metadata?.text('name') ?? '', ...(metadata?.mapping('labels')?.keys ?? [])].join(' ')
}

/** The documents of each text that is YAML by its name. */
function textsOf(data: Mapping | undefined): Mapping[] {
  if (data === undefined) return []
  return data.keys
    .filter((key) => data.isText(key) && (!key.includes('.') || /\.ya?ml$/.test(key)))
    .flatMap((key) => data.documents(key))
}

/**
 * What the values of the charts of prometheus-postgres-exporter (`config.queries`) and of sql_exporter (`config`,
 * `collectorFiles`) have.
 */
function inValues(document: Mapping, depth: number): Mapping[] {
  const config = document.isMapping('config') ? document.mapping('config') : undefined
  const files = document.isMapping('collectorFiles') ? document.mapping('collectorFiles') : undefined
  if (config?.isText('queries') === true) return config.documents('queries')
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
  if (files.isText(key)) return files.documents(key)
  const part = files.isMapping(key) ? files.mapping(key) : undefined
  return part === undefined ? [] : [part]
}
