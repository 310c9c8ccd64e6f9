import type { Collector, CollectorMetric } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import { type LabelSets, REJECTED, type Value } from '../rows/label-set.ts'
import { LabelTable } from '../rows/label-table.ts'
import { CHUNK_LENGTH } from './lines.ts'
import { renderTable } from './rendered-table.ts'
import { boundOf, braced, createdOf, escapeText, type Format, headOf, numeral, pairsOf } from './syntax.ts'

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** The end of a page. */
export const ENDINGS: Readonly<Record<Format, string>> = { text: '', openmetrics: '# EOF\n' }

/** A family of the official client. */
export interface ClientFamily {
  readonly name: string
  readonly help: string
  readonly type: unknown
  readonly values: readonly {
    readonly value: number
    readonly labels?: Readonly<Record<string, string | number | undefined>>
    readonly metricName?: string
  }[]
}

/**
 * Renders the families of one collector in chunks, each with its help and type, even without samples. `created` is when
 * the totals of its counters and histograms started from 0, in seconds since 1970.
 */
export function* renderFamilies(
  collector: Collector,
  sets: LabelSets,
  format: Format = 'text',
  created?: number,
  database?: string,
): Generator<string | Buffer> {
  for (const metric of collector.metrics) {
    yield renderHead(metric, format)
    yield* renderSamples(collector, metric, { sets, created, database }, format)
  }
}

/** The samples of one database in a family. */
export interface FamilySamples {
  readonly sets: LabelSets
  /** When the totals of counters and histograms started from 0, in seconds since 1970. */
  readonly created: number | undefined
  /** The name of the database, which is a label of each sample; undefined when it has none. */
  readonly database: string | undefined
}

/** Renders the samples of one metric of a collector in chunks, without help and type. */
export function* renderSamples(
  collector: Collector,
  metric: CollectorMetric,
  { sets, created, database }: FamilySamples,
  format: Format,
): Generator<string | Buffer> {
  const first = database === undefined ? '' : `database="${database}"`
  const heads = collector.labels.map(({ name }, i) => `${i > 0 || first !== '' ? ',' : ''}${name}="`)
  const m = collector.metrics.indexOf(metric)
  if (sets instanceof LabelTable && metric.type !== 'histogram' && created === undefined) {
    yield* renderTable(sets, m, metric.name, { first, heads })
    return
  }
  const samples = metric.type === 'histogram' ? histogramOf(metric, format) : numberOf(metric)
  const tail = createdOf(metric.name, metric.type, format, created)
  let text = ''
  for (const { labels, values } of sets) {
    const value = values[m]
    if (value === undefined || value === REJECTED) continue
    let pairs = first
    let i = 0
    for (const label of labels) pairs += `${heads[i++]}${escapeText(label)}"`
    text += samples(pairs, value) + tail(pairs)
    if (text.length > CHUNK_LENGTH) {
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

/** Renders the help and the type of a metric, with which its family begins. */
export function renderHead({ name, type, help }: CollectorMetric, format: Format): string {
  return headOf(name, type === 'timestamp' ? 'gauge' : type, help, format)
}

/** Renders families of the official client. `created` is when their totals started from 0, or undefined to leave it out. */
export function renderClient(
  families: readonly ClientFamily[],
  format: Format,
  created: number | undefined,
): string {
  let text = ''
  for (const { name, help, type, values } of families) {
    text += headOf(name, String(type), help, format)
    const tail = createdOf(name, String(type), format, created)
    for (const { metricName = name, labels = {}, value } of values) {
      const pairs = pairsOf(labels, format)
      text += `${metricName}${braced(pairs)} ${numeral(value)}\n`
      // The count is the last sample of a histogram's or a summary's label set.
      if (type === 'counter' || metricName === `${name}_count`) text += tail(pairs)
    }
  }
  return text
}

type Render = (pairs: string, value: Value) => string

function numberOf({ name }: CollectorMetric): Render {
  return (pairs, value) => `${name}${braced(pairs)} ${value}\n`
}

function histogramOf(metric: CollectorMetric, format: Format): Render {
  const { name, buckets } = metric
  // OpenMetrics has a count only beside a sum; the text format has it in any case.
  const [hasSum, hasCount] = [!takesNegative(metric), !takesNegative(metric) || format === 'text']
  const bounds = [...buckets.map((bound) => boundOf(bound, format)), '+Inf']
  return (pairs, value) => {
    if (typeof value === 'number') throw new Error(`a sample of the histogram ${name} is a number`)
    const [count, sum] = value.slice(-2)
    const head = pairs === '' ? '' : `${pairs},`
    const lines = bounds.map((le, i) => `${name}_bucket{${head}le="${le}"} ${value[i]}\n`).join('')
    const last = `${hasSum ? `${name}_sum${braced(pairs)} ${sum}\n` : ''}${hasCount ? `${name}_count${braced(pairs)} ${count}\n` : ''}`
    return lines + last
  }
}
