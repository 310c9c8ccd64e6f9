import type { Collector, CollectorMetric } from './collector.ts'
import type { LabelSet, Value } from './labelset.ts'

/**
 * The families of one collector as Prometheus text, each with its help and its type, samples or none.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function renderFamilies(collector: Collector, sets: readonly LabelSet[]): string {
  const pairs = sets.map(({ labels }) =>
    collector.labels.map(({ name }, i) => `${name}="${escapeLabel(labels[i] ?? '')}"`).join(','),
  )
  return collector.metrics.map((metric, m) => renderFamily(metric, sets, pairs, m)).join('')
}

function renderFamily(
  metric: CollectorMetric,
  sets: readonly LabelSet[],
  pairs: readonly string[],
  m: number,
): string {
  const { name, help, type } = metric
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type === 'timestamp' ? 'gauge' : type}\n`
  for (const [i, set] of sets.entries()) {
    const value = set.values[m]
    if (value !== undefined) text += renderValue(metric, pairs[i] ?? '', value)
  }
  return text
}

function renderValue({ name, buckets }: CollectorMetric, pairs: string, value: Value): string {
  const braced = pairs === '' ? '' : `{${pairs}}`
  if (typeof value === 'number') return `${name}${braced} ${value}\n`
  const [count, sum] = value.slice(-2)
  const head = pairs === '' ? '' : `${pairs},`
  const bounds = buckets.map((bound, i) => `${name}_bucket{${head}le="${bound}"} ${value[i]}\n`).join('')
  return `${bounds}${name}_bucket{${head}le="+Inf"} ${count}\n${name}_sum${braced} ${sum}\n${name}_count${braced} ${count}\n`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return /[\\"\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text
}
