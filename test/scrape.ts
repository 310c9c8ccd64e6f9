import { samplesOf } from './exposition.ts'
import { poll } from './poll.ts'

export type Samples = ReadonlyMap<string, number>

/** Where a service serves. */
interface Served {
  readonly url: string
}

/** The samples on the page of a service. Rejects when it is not answered with 200. */
export async function scrape({ url }: Served): Promise<Samples> {
  const response = await fetch(`${url}/metrics`)
  if (response.status !== 200) throw new Error(`GET /metrics: ${response.status}`)
  return samplesOf(await response.text())
}

/** Scrapes until the samples are as wanted. */
export function until(service: Served, wanted: (samples: Samples) => boolean): Promise<Samples> {
  return poll(() => scrape(service), wanted)
}

/** Rounds that ended so, or all that ended. */
export function rounds(samples: Samples, ...results: readonly ('success' | 'failure')[]): number {
  const counted = results.length === 0 ? (['success', 'failure'] as const) : results
  return counted
    .map((result) => samples.get(`collection_duration_seconds_count{result="${result}"}`) ?? 0)
    .reduce((sum, count) => sum + count)
}

/** Scrapes until this many more rounds have ended. */
export async function moreRounds(service: Served, count: number): Promise<Samples> {
  const before = rounds(await scrape(service))
  return until(service, (samples) => rounds(samples) >= before + count)
}
