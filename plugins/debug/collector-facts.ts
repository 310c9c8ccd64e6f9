// What is known of a collector's runs. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { describeError } from '../../src/finding.ts'
import { type Html, html } from '../../src/html/html.ts'
import { plotRuns, plotSeries } from '../../src/html/plot.ts'
import { legend, strip } from '../../src/html/strip.ts'
import { excerptOf, placeOf } from '../../src/place.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { countRejected } from '../../src/rows/rows.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { formatMoment } from '../../src/time/moment.ts'
import { dueAt } from './links.ts'
import type { Look } from './subject.ts'
import { time } from './verdict.ts'

/** Renders why a collector fails or does not run, or what of its last run was rejected, with the line of its file. */
export function whyOf({ error, last, idle }: CollectorStatus): Html {
  if (error !== undefined) {
    const place = placeOf(error)
    const lines = place === undefined ? [] : excerptOf(place)
    const excerpt =
      lines.length === 0
        ? undefined
        : html`<pre id="place" tabindex="0" aria-label="Where it fails">${lines.join('\n')}</pre>`
    return html`<p class="failing">${describeError(error)}</p>${excerpt}`
  }
  if (idle !== undefined) return html`<p id="idle">Does not run here: ${idle}</p>`
  const rejection = last === undefined || last.result instanceof Error ? undefined : last.result.rejection
  if (rejection === undefined) return html``
  const { problem, advice } = rejection
  return html`<p id="rejected">Rejected: ${problem}${advice === undefined ? '' : ` — ${advice}`}</p>`
}

/** Renders what came of a collector's runs, and when the next one is. */
export function factsOf(of: Database, status: CollectorStatus, { now, date }: Look): Html {
  const { last, lastSuccess, lastFailure, failing, runs, counts, history, timeout, interval, collector } =
    status
  const due = dueAt(of, status)
  const result = last === undefined || last.result instanceof Error ? undefined : last.result
  const row = (title: string, ...content: readonly (Html | string | undefined)[]) =>
    html`<div><dt>${title}</dt><dd>${content.map((part) => (part === undefined ? undefined : html`<span>${part}</span>`))}</dd></div>`
  const next =
    due === undefined
      ? 'not while another replica leads, or before the quorum'
      : `in ${formatAge((due - date) / 1000)}`
  const failed =
    lastFailure === undefined
      ? 'none'
      : html`${time(lastFailure.time * 1000, date)}: ${describeError(lastFailure.error)}`
  const inARow = failing === undefined ? undefined : `${failing.runs} in a row since `
  return html`${row('Last run', last === undefined ? 'none yet' : formatSeconds(last.seconds), last?.rows === undefined ? undefined : `${last.rows.toLocaleString('en')} rows`, plotRuns(runs))}
${row('Series', status.shown(now).series.toLocaleString('en'), result === undefined ? undefined : `rejected ${countRejected(result.rejected)}, folded ${result.folded} in the last run`, `rejected ${countRejected(counts.rejected)}, folded ${counts.folded} in all`, plotSeries(runs))}
${row('Last success', lastSuccess === undefined ? 'never' : html`${time(lastSuccess * 1000, date)}, ${formatAge(date / 1000 - lastSuccess)} ago`)}
${row('Next run', next, `every ${formatDuration(interval)}, at most ${formatDuration(timeout)}`)}
${row('Failures', `${counts.failures} in all`, failing === undefined ? undefined : html`${inARow}${time(failing.since * 1000, date)}`, html`last: ${failed}`)}
${collector.settle === undefined ? undefined : html`<div class="wide">${windowOf(status, collector.settle)}</div>`}
<div class="wide"><dt>Last hour</dt><dd>${strip(history.cells(date), status.limit)}${legend(formatDuration(history.span))}</dd></div>`
}

/** Renders what a windowed collector has counted, and from when to when it asks. */
function windowOf({ last, started, window }: CollectorStatus, settle: number): Html {
  const facts = [
    html`settles after ${formatDuration(settle)}`,
    last?.asked &&
      html`last asked after ${formatMoment(last.asked.from)} up to ${formatMoment(last.asked.to)}`,
    window && html`counted for good to ${formatMoment(window.sealedTo)}`,
    window && html`counts since ${formatMoment(window.since)}`,
    started && html`first snapshot ${formatMoment(started.now)}`,
  ]
  return html`<dt>Window</dt><dd>${facts.map((fact) => fact && html`<span>${fact}</span>`)}</dd>`
}
