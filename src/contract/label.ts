/** A label whose values only the data knows: the `open` largest keep a series, the rest fold into "other". */
export interface OpenLabel {
  readonly open: number
  /** Whether only these are asked for, so that a rest is nothing to tell of. */
  readonly top?: true
}

/**
 * A label: the list of its values, `open(n)` or `top(n)`. A list is closed: each of its values has a series from the first
 * page on, at 0 if the query returns no row for it. A value that is not listed counts as "other" if the list has that;
 * otherwise its row is rejected.
 */
export type Label = readonly string[] | OpenLabel

export type Labels = Readonly<Record<string, Label>>

/**
 * Declares a label whose values only the data knows: the `limit` largest have a series, the rest is "other". A value
 * has no series before a row names it.
 * @example labels: { customer: open(20) }
 */
export function open(limit: number): OpenLabel {
  return { open: limit }
}

/**
 * Declares a label of which only the `limit` largest values are asked for: the rest is "other", and that there is a rest
 * is no problem. With `open(limit)` it is one: the page and a metric tell of names that have no room.
 * @example labels: { customer: top(20) }
 */
export function top(limit: number): OpenLabel {
  return { open: limit, top: true }
}
