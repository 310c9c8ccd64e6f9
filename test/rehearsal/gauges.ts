import type { Test } from 'tap'
import type { Event } from './play.ts'
import { MAX_LAG, TIMEOUT } from './replica.ts'
import { noneInTime, type Stored, stored } from './series.ts'
import { BALANCE } from './shop.ts'
import type { Stage } from './stage.ts'
import type { Version } from './traffic.ts'

/** Seconds that a value may be older than the end of its run: the query may take as long as it may, on a standby that lags. */
const OLD = TIMEOUT + MAX_LAG + 2

/** Seconds until Prometheus has stored all of a scrape. */
const SETTLED = 5

/** The values of series by their moment, in milliseconds since 1970: those of one moment are of one scrape. */
function byMoment(series: readonly Stored[]): ReadonlyMap<number, number> {
  return new Map(
    series.flatMap(({ samples }) => samples.map(([at, value]) => [Math.round(at * 1000), value] as const)),
  )
}

/** Checks each value of the accounts that was scraped against what they had been, and the two of one page against each other. */
export async function checkGauges(
  t: Test,
  { prometheus, stalls }: Stage,
  versions: readonly Version[],
  events: readonly Event[],
): Promise<void> {
  // No scrape is half in the one and half in the other answer.
  const until = Date.now() / 1000 - SETTLED
  const get = async (selector: string) => byMoment(await stored(prometheus, selector, until))
  // A moment is that at which a scrape began.
  const took = await get('scrape_duration_seconds{job="metrics-service"}')
  const problems: string[] = []
  const pages: ReadonlyMap<number, readonly [version: number, debit: number]>[] = []
  let oldest = 0
  for (const name of ['debit', 'credit']) {
    const [value, versionOf, success] = [
      await get(`business_${name}`),
      await get(`business_${name}_version`),
      await get(`collector_last_success_timestamp_seconds{collector="${name}"}`),
    ]
    const page = new Map<number, readonly [number, number]>()
    for (const [at, number] of versionOf) {
      const version = versions[number]
      const shown = value.get(at)
      const moment = new Date(at).toISOString()
      if (version === undefined || shown !== (name === 'debit' ? version.debit : BALANCE - version.debit)) {
        problems.push(`${moment}: ${name} is ${shown}, which version ${number} never had`)
        continue
      }
      if (version.tried > at + (took.get(at) ?? 0) * 1000)
        problems.push(`${moment}: ${name} is of version ${number}, which came later`)
      const read = (success.get(at) ?? at / 1000) * 1000
      const delays = events
        .filter(({ from, until }) => from * 1000 <= read && read <= (until + OLD) * 1000)
        .map(({ fault: { delays = 0 } }) => delays)
      const limit = read - (OLD + Math.max(0, ...delays)) * 1000
      const newer = versions.find((other) => other.version > number && other.acknowledged < limit)
      if (newer !== undefined)
        problems.push(
          `${moment}: ${name}, read at ${new Date(read).toISOString()}, is of version ${number}, and ${newer.version} was committed at ${new Date(newer.acknowledged).toISOString()}`,
        )
      const next = versions.find((other) => other.version > number && other.acknowledged < read)
      if (next !== undefined) oldest = Math.max(oldest, read - next.acknowledged)
      page.set(at, [number, version.debit])
    }
    pages.push(page)
  }
  const [debits, credits] = pages
  let both = 0
  const succeeded = await get('collector_success{collector="debit"}')
  const alsoSucceeded = await get('collector_success{collector="credit"}')
  for (const [at, [version]] of debits ?? []) {
    const other = credits?.get(at)
    if (other === undefined || succeeded.get(at) !== 1 || alsoSucceeded.get(at) !== 1) continue
    // A round whose session is lost goes on in another snapshot.
    const disturbed = events.some(
      ({ fault, from, until }) =>
        fault.lane === 'one at a time' && from * 1000 <= at && at <= (until + OLD) * 1000,
    )
    if (disturbed || stalls.within(at / 1000 - OLD, at / 1000)) continue
    both++
    if (other[0] !== version)
      problems.push(`${new Date(at).toISOString()}: one page has versions ${version} and ${other[0]}`)
  }
  t.comment(
    `${(debits?.size ?? 0) + (credits?.size ?? 0)} gauges against ${versions.length} versions, ${both} pages with both; the oldest was ${(oldest / 1000).toFixed(1)} s behind when it was read`,
  )
  noneInTime(
    t,
    { stalls },
    problems,
    'each gauge that was scraped is what the data had, and each page is of one moment',
  )
  t.ok(both > 0, 'there were pages with both')
}
