// What a collector defines and what it shows, as HTML. Imports src/ only.
import type { Collector, CollectorMetric } from '../../src/contract/collector.ts'
import { type Html, html } from '../../src/html/html.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/** The most samples that a page lists. */
const MAX_SAMPLES = 1000

/** Renders a table of a collector's metrics. */
export function metricTable({ metrics }: Collector): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Metrics"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Help</th></tr></thead>
<tbody>${metrics.map(metricRow)}</tbody>
</table></div>`
}

function metricRow({ name, type, help, buckets }: CollectorMetric): Html {
  const bounds = type === 'histogram' ? html` <small>le ${buckets.join(', ')}</small>` : undefined
  return html`<tr><th scope="row">${name}</th><td>${type}${bounds}</td><td>${help}</td></tr>`
}

/** Renders a collector's labels, each with the values that it can have. */
export function labelList({ labels }: Collector): Html {
  if (labels.length === 0) return html`<p>No labels: one series for each metric.</p>`
  const rows = labels.map(({ name, values, limit }) => {
    const known = values?.join(', ') ?? `open: the ${limit} largest; the rest is summed into other`
    return html`<div><dt>${name}</dt><dd>${known}</dd></div>`
  })
  return html`<dl class="labels">${rows}</dl>`
}

/** Renders the samples that contain `search`, without HELP and TYPE, which the table of metrics has. */
export async function sampleList(status: CollectorStatus, search: string, now: number): Promise<Html> {
  const wanted = search.toLowerCase()
  const found: string[] = []
  let count = 0
  const { collector, database } = status
  for (const chunk of renderFamilies(collector, status.shown(now).sets, 'text', undefined, database)) {
    for (const line of chunk.split('\n')) {
      if (line === '' || line.startsWith('#') || !line.toLowerCase().includes(wanted)) continue
      count++
      if (found.length < MAX_SAMPLES) found.push(line)
    }
    // Other requests are served while a page of a million samples is searched.
    await new Promise(setImmediate)
  }
  const total = count.toLocaleString('en')
  const summary =
    count > MAX_SAMPLES ? `The first ${MAX_SAMPLES.toLocaleString('en')} of ${total}:` : `${total} found.`
  return html`<p role="status">${summary}</p>
<pre tabindex="0" aria-label="Samples">${found.join('\n')}</pre>`
}
