// The samples of a collector, and what of them has changed. Imports src/ only.
import { type Html, html } from '../../src/html/html.ts'
import { renderFamilies } from '../../src/page/exposition.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/** The most samples that a page lists, and whose changes are known. */
const MAX_SAMPLES = 1000
const MAX_KNOWN = 10_000

/** The samples that a page was asked to show. */
export interface SampleSelection {
  /** What is in their names and labels. */
  readonly search: string
  /** Whether the largest come first. */
  readonly largest: boolean
}

/** The values of a collector's series after a run, and after the one before it. */
interface Known {
  readonly published: number | undefined
  readonly values: ReadonlyMap<string, string>
  readonly before: ReadonlyMap<string, string> | undefined
}

/** What was on the page of each collector that somebody has looked at. */
const known = new WeakMap<CollectorStatus, Known>()

interface Sample {
  readonly series: string
  readonly value: string
  /** How much more it is than before; undefined when it has not changed, or when nobody looked before. */
  readonly change: string | undefined
}

/**
 * Renders the samples that contain `search`, without HELP and TYPE, which the table of metrics has: in the order of the
 * page, or the largest first. Beside each is by how much the last run has changed it, once somebody has looked before it.
 */
export async function sampleList(
  status: CollectorStatus,
  { search, largest }: SampleSelection,
): Promise<Html> {
  const samples = await read(status)
  const wanted = search.toLowerCase()
  const found = samples.filter(({ series }) => series.toLowerCase().includes(wanted))
  const shown = (largest ? found.toSorted((a, b) => Number(b.value) - Number(a.value)) : found).slice(
    0,
    MAX_SAMPLES,
  )
  const total = found.length.toLocaleString('en')
  const changes = found.filter(({ change }) => change !== undefined).length
  const many =
    found.length > MAX_SAMPLES
      ? `The first ${MAX_SAMPLES.toLocaleString('en')} of ${total}`
      : `${total} found`
  const changed = known.get(status)?.before === undefined ? '' : `, ${changes} changed in the last run`
  const rows = shown.map(
    ({ series, value, change }) =>
      html`<li><code>${series}</code> <span class="number">${value}</span><span class="change">${change}</span></li>
`,
  )
  return html`<p role="status">${many}${changed}.</p>
<ol class="samples" tabindex="0" aria-label="Samples">${rows}</ol>`
}

/** Reads the samples of a collector, and compares them with those of the run before. */
async function read(status: CollectorStatus): Promise<Sample[]> {
  const { collector, database, published } = status
  const values = new Map<string, string>()
  const { sets } = status.shown(performance.now())
  for (const chunk of renderFamilies(collector, sets, 'text', undefined, database)) {
    for (const line of String(chunk).split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const at = line.lastIndexOf(' ')
      values.set(line.slice(0, at), line.slice(at + 1))
    }
    // Other requests are served while a page of a million samples is read.
    await new Promise(setImmediate)
  }
  const last = known.get(status)
  const isNew = last?.published !== published
  const before = isNew ? last?.values : last?.before
  if (isNew && values.size <= MAX_KNOWN) known.set(status, { published, values, before })
  return Array.from(values, ([series, value]) => ({ series, value, change: changeOf(value, before, series) }))
}

function changeOf(value: string, before: Known['before'], series: string): string | undefined {
  if (before === undefined) return undefined
  const was = before.get(series)
  if (was === undefined) return 'new'
  const change = Number(value) - Number(was)
  if (change === 0 || Number.isNaN(change)) return undefined
  return `${change > 0 ? '+' : '−'}${Number(Math.abs(change).toPrecision(6))}`
}
