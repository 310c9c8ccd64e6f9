import type { Test } from 'tap'
import type { Event } from './play.ts'
import { nameOf, noneInTime, stored } from './series.ts'
import type { Stage } from './stage.ts'

/** Seconds that may pass between two samples of a series with nothing to explain it: a takeover of a replica takes a few. */
const GAP = 5
/** Seconds before and after a fault in which a scrape may have begun, or ended. */
const AROUND = 2
/** Seconds after a fault in which a series may come back. */
const AFTER = 15

/** Checks that each scrape was answered, but for those of a replica that could not. */
export async function checkScrapes(
  t: Test,
  { prometheus, stalls }: Stage,
  events: readonly Event[],
): Promise<void> {
  let [scrapes, failed] = [0, 0]
  const problems: string[] = []
  for (const { metric, samples } of await stored(prometheus, 'up{job="metrics-service"}')) {
    for (const [at, up] of samples) {
      scrapes++
      if (up === 1) continue
      failed++
      const explained = events.some(
        ({ unanswered, from, until }) =>
          unanswered.some((target) => target === metric.instance) &&
          from - AROUND <= at &&
          at <= until + AROUND,
      )
      if (!explained && !stalls.within(at - AROUND, at + AROUND))
        problems.push(`${metric.instance} at ${new Date(at * 1000).toISOString()}`)
    }
  }
  t.comment(`${scrapes} scrapes, ${failed} of which failed; ${stalls}`)
  noneInTime(t, { stalls }, problems, 'each scrape of a replica that could answer was answered')
}

/** Tells the longest gap of each metric, and checks that a fault explains each that is long. */
export async function checkGaps(
  t: Test,
  { prometheus, stalls }: Stage,
  events: readonly Event[],
): Promise<void> {
  const longest = new Map<string, { readonly length: number; readonly at: number; readonly name: string }>()
  const problems: string[] = []
  for (const { metric, samples } of await stored(
    prometheus,
    '{__name__=~"business_(rows|amount|took|debit|credit).*"}',
  )) {
    const name = nameOf(metric)
    for (const [i, [at]] of samples.slice(1).entries()) {
      const [before = at] = samples[i] ?? []
      const length = at - before
      const known = longest.get(metric.__name__ ?? '')
      if (known === undefined || length > known.length)
        longest.set(metric.__name__ ?? '', { length, at: before, name })
      const explained = events.some(({ from, until }) => from <= at && before <= until + AFTER)
      if (length > GAP && !explained)
        problems.push(`${name}: ${length.toFixed(1)} s from ${new Date(before * 1000).toISOString()}`)
    }
  }
  for (const [metric, { length, at }] of longest) {
    const during = events.findLast(({ from }) => from <= at + length)?.fault.name ?? 'nothing'
    t.comment(`longest gap of ${metric}: ${length.toFixed(1)} s (${during})`)
  }
  noneInTime(t, { stalls }, problems, `no series is missing for more than ${GAP} s without a fault`)
}
