// What a collector defines, as HTML. Imports src/ and its own folder only.
import type { Collector, CollectorMetric } from '../../src/contract/collector.ts'
import { type Html, html } from '../../src/html/html.ts'
import type { Subject } from './subject.ts'

/** Renders a table of a collector's metrics, each with links to where its past can be seen. */
export function metricTable({ metrics }: Collector, subject: Subject, database: string | undefined): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Metrics"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Help</th></tr></thead>
<tbody>${metrics.map((metric) => metricRow(metric, pastOf(metric, subject, database)))}</tbody>
</table></div>`
}

function metricRow({ name, type, help, buckets }: CollectorMetric, past: Html): Html {
  const bounds = type === 'histogram' ? html` <small>le ${buckets.join(', ')}</small>` : undefined
  return html`<tr><th scope="row">${name}</th><td>${type}${bounds}</td><td>${help}${past}</td></tr>`
}

/** Links a metric in Prometheus and in Grafana, as far as the configuration says where they are. */
function pastOf({ name, type }: CollectorMetric, { prometheus, grafana }: Subject, database?: string): Html {
  const selector = database === undefined ? '' : `{database="${database}"}`
  const series = `${name}${type === 'histogram' ? '_count' : ''}${selector}`
  const expression = type === 'gauge' ? series : `rate(${series}[15m])`
  const query = new URLSearchParams({ 'g0.expr': expression, 'g0.tab': '0', 'g0.range_input': '6h' })
  const panes = { a: { queries: [{ refId: 'A', expr: expression }], range: { from: 'now-6h', to: 'now' } } }
  const explore = new URLSearchParams({ schemaVersion: '1', panes: JSON.stringify(panes) })
  const link = (base: string | undefined, path: string, word: string) =>
    base === undefined ? undefined : html` <a href="${base}${path}">${word}</a>`
  return html`${link(prometheus, `/graph?${query}`, 'Prometheus')}${link(grafana, `/explore?${explore}`, 'Grafana')}`
}

/** Renders a collector's labels, each with the values that it can have. */
export function labelList({ labels }: Collector): Html {
  if (labels.length === 0) return html`<p>No labels: one series for each metric.</p>`
  const rows = labels.map(({ name, values, limit, top }) => {
    const known =
      values?.join(', ') ?? `${top ? 'top' : 'open'}: the ${limit} largest; the rest is summed into other`
    return html`<div><dt>${name}</dt><dd>${known}</dd></div>`
  })
  return html`<dl class="labels">${rows}</dl>`
}
