/**
 * A moment by the database's clock: microseconds since 1970, which is what a timestamptz holds. A JavaScript Date has
 * milliseconds, and the end of one window must be the very start of the next.
 */
export type Moment = bigint

const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** Reads ISO 8601 in UTC with six digits after the second. Throws an Error that quotes anything else. */
export function parseMoment(text: string): Moment {
  const milliseconds = FORM.test(text) ? Date.parse(`${text.slice(0, 23)}Z`) : Number.NaN
  if (Number.isNaN(milliseconds))
    throw new Error(`"${text}" is not a moment such as 2026-01-02T03:04:05.678901Z`)
  return BigInt(milliseconds) * 1000n + BigInt(text.slice(23, 26))
}

export function formatMoment(moment: Moment): string {
  const rest = ((moment % 1000n) + 1000n) % 1000n
  const milliseconds = (moment - rest) / 1000n
  return new Date(Number(milliseconds)).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`)
}

/** The moment this many milliseconds later. */
export function later(moment: Moment, milliseconds: number): Moment {
  return moment + BigInt(Math.round(milliseconds * 1000))
}

/** A half-open span of time: after `from`, up to and including `to`. */
export interface Window {
  readonly from: Moment
  readonly to: Moment
}

/** The length of a window in milliseconds. */
export function lengthOf({ from, to }: Window): number {
  return Number(to - from) / 1000
}
