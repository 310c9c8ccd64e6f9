import { BASE_UNITS } from '../contract/metric-names.ts'

/**
 * The two formats of a page.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export type Format = 'text' | 'openmetrics'

/** Writes the help and the type of a family, and in OpenMetrics its unit. */
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

/** Returns what writes the line that says when a total started from 0, where there is one. */
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
export function boundOf(bound: number, format: Format): string {
  return format === 'openmetrics' && /^-?\d+$/.test(String(bound)) ? `${bound}.0` : String(bound)
}

/** Writes labels. */
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

/** Writes a number. */
export function numeral(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** Writes labels that are written already as they follow a name. */
export function braced(pairs: string): string {
  return pairs === '' ? '' : `{${pairs}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

export function escapeText(text: string): string {
  return /[\\"\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text
}
