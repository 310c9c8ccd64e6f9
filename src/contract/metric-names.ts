import type { CollectorMetric } from './collector.ts'

/**
 * The units that a name may end in. All but "ratio" are the base units of promtool, which takes both spellings of the
 * metre: https://prometheus.io/docs/practices/naming/#base-units
 */
export const BASE_UNITS = [
  'amperes',
  'bytes',
  'celsius',
  'grams',
  'joules',
  'kelvin',
  'meters',
  'metres',
  'ratio',
  'seconds',
  'volts',
] as const
export type BaseUnit = (typeof BASE_UNITS)[number]

/** Prefixes of the service's own metrics, and of those of fastify-metrics. */
const RESERVED =
  /^(collection_|collector_|collectors_reload_|database_|metrics_service_|process_|nodejs_|http_request_|http_refused_|tls_certificate_)/

/** Whether a name is one of the service's own metrics. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name)
}

/** Every name that a metric has on the page, in one format or the other, with or without its samples' suffixes. */
export function namesOnPage({ name, type }: Pick<CollectorMetric, 'name' | 'type'>): string[] {
  if (type === 'histogram')
    return ['', '_bucket', '_sum', '_count', '_created'].map((suffix) => name + suffix)
  if (type !== 'counter' || !name.endsWith('_total')) return [name]
  const family = name.replace(/_total$/, '')
  return [family, name, `${family}_created`]
}
