import type { Collector, CollectorMetric } from '../contract/collector.ts'
import { takesNegative } from '../contract/metric.ts'
import { BASE_UNITS } from '../contract/metric-names.ts'
import { itemAt, type LabelSets, REJECTED, type Value } from '../rows/label-set.ts'
import { LabelTable } from '../rows/label-table.ts'
import { CHUNK_LENGTH, Lines } from './lines.ts'

/**
 * The two formats of a page.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export type Format = 'text' | 'openmetrics'

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

/** Renders the samples of a metric that is a number, and of which nothing else is to be said, straight from a table's columns. */
function* renderTable(
  table: LabelTable,
  metric: number,
  name: string,
  { first, heads }: { readonly first: string; readonly heads: readonly string[] },
): Generator<Buffer> {
  const { dictionaries } = table
  // What is before each label, and behind the last one.
  const around = [...heads.map((head, i) => (i === 0 ? `${name}{${first}${head}` : `"${head}`)), '"} ']
  const [opening, ...pieces] = heads.length > 0 ? around : [`${name}${braced(first)} `]
  const start = Buffer.from(opening ?? '')
  const behind = pieces.map((piece) => Buffer.from(piece))
  const lines = new Lines()
  for (let row = 0; row < table.length; row++) {
    const value = table.number(row, metric)
    if (value === undefined) continue
    lines.add(start)
    for (let i = 0; i < behind.length; i++) {
      const dictionary = itemAt(dictionaries, i)
      const id = table.id(row, i)
      lines.addLabel(dictionary.bytes, dictionary.start(id), dictionary.start(id + 1))
      lines.add(itemAt(behind, i))
    }
    lines.end(value)
    if (lines.length > CHUNK_LENGTH) yield lines.take()
  }
  if (lines.length > 0) yield lines.take()
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

export function headOf(name: string, type: string, help: string, format: Format): string {
  if (format === 'text') return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
  const family = familyOf(name, type)
  const unit = BASE_UNITS.find((unit) => family.endsWith(`_${unit}`))
  return `# TYPE ${family} ${openTypeOf(name, type)}\n${unit === undefined ? '' : `# UNIT ${family} ${unit}\n`}# HELP ${family} ${escapeText(help)}\n`
}

/** Returns the name of a family in OpenMetrics, where that of a counter lacks the suffix of its samples. */
function familyOf(name: string, type: string): string {
  return type === 'counter' ? name.replace(/_total$/, '') : name
}

/**
 * Returns the type of a family in OpenMetrics. The samples of its counters end in _total, so a counter without that suffix
 * would have another name than in the text format: it is of unknown type.
 */
function openTypeOf(name: string, type: string): string {
  return type === 'counter' && !name.endsWith('_total') ? 'unknown' : type
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

export function createdOf(
  name: string,
  type: string,
  format: Format,
  created: number | undefined,
): (pairs: string) => string {
  const counts = ['counter', 'histogram', 'summary'].includes(openTypeOf(name, type))
  if (format === 'text' || created === undefined || !counts) return () => ''
  const family = familyOf(name, type)
  return (pairs) => `${family}_created${braced(pairs)} ${created}\n`
}

/** Writes a bound. OpenMetrics requires a float, so that every exporter writes the same text. */
function boundOf(bound: number, format: Format): string {
  return format === 'openmetrics' && /^-?\d+$/.test(String(bound)) ? `${bound}.0` : String(bound)
}

export function pairsOf(
  labels: Readonly<Record<string, string | number | undefined>>,
  format: Format,
): string {
  return Object.entries(labels)
    .map(([name, value]) => {
      const bound = (name === 'le' || name === 'quantile') && typeof value === 'number'
      const text = bound ? boundOf(value, format) : String(value)
      return `${name}="${escapeText(text)}"`
    })
    .join(',')
}

export function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

export function braced(pairs: string): string {
  return pairs === '' ? '' : `{${pairs}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeText(text: string): string {
  return /[\\"\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text
}
