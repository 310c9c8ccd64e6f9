/** Milliseconds after which a label set leaves its first 0 though no scrape has had it. */
const LONGEST = 300_000

/**
 * The first 0 of a label set: not on a page yet, on the page of the run that has just ended, or on the page since a time
 * of the monotonic clock, in milliseconds.
 */
export type Zero = 'unpublished' | 'publishing' | number

/** When pages were there and were read, in milliseconds of the monotonic clock. */
export interface Seen {
  /** When the last page with a run of this collector was published; undefined before the first. */
  readonly published: number | undefined
  /** The time of the page that the last scrape got; undefined before the first. */
  readonly scraped: number | undefined
  readonly now: number
}

/**
 * Decides whether a label set is still shown as 0. It is until a scrape has had the 0, for five minutes at most, so that
 * increase() sees its first step: https://prometheus.io/docs/prometheus/latest/querying/functions/#increase. Returns
 * undefined when it shows what was counted. `last` is undefined for a label set that is new.
 */
export function stillZero(
  last: { readonly zero: Zero | undefined } | undefined,
  seen: Seen | undefined,
): Zero | undefined {
  const zero = last === undefined ? 'unpublished' : last.zero
  if (zero === undefined || seen === undefined) return zero
  if (zero === 'unpublished') return 'publishing'
  const since = zero === 'publishing' ? (seen.published ?? seen.now) : zero
  const wasRead = seen.scraped !== undefined && seen.scraped >= since
  return wasRead || seen.now - since > LONGEST ? undefined : since
}
