/** How long to wait between attempts that fail, in milliseconds. */
export interface Backoff {
  /** Before the second attempt. */
  first: number
  /** At most. */
  limit: number
}

/**
 * Milliseconds to wait after failed attempt number `attempt` (1 is the first): doubles each time up to the
 * limit, of which a random half is taken off, so that many clients of one database do not return together.
 */
export function backoff(
  attempt: number,
  { first, limit }: Backoff,
  random: () => number = Math.random,
): number {
  const full = Math.min(first * 2 ** (attempt - 1), limit)
  return full / 2 + (full / 2) * random()
}
