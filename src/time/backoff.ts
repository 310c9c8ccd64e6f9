/** How long to wait between attempts that fail, in milliseconds. */
export interface Backoff {
  /** The wait before the second attempt. */
  first: number
  /** The longest wait. */
  limit: number
}

/**
 * Returns the milliseconds to wait after failed attempt number `attempt`; 1 is the first. The wait doubles with each
 * attempt up to the limit. Then a random part of up to a half is taken off, so that many clients of one database do not
 * return together.
 */
export function backoff(
  attempt: number,
  { first, limit }: Backoff,
  random: () => number = Math.random,
): number {
  const full = Math.min(first * 2 ** (attempt - 1), limit)
  return full / 2 + (full / 2) * random()
}
