/** A label whose values only the data knows: the `limit` largest keep a series, the rest fold into "other". */
export interface OpenLabel {
  readonly open: number
}

/**
 * A label: the list of its values, or `open(n)`. A list is closed: each of its values has a series from the first
 * page on, at 0 when the query returns no row for it. A value that is not listed counts as "other" when the list
 * has that, and its row is rejected otherwise.
 */
export type Label = readonly string[] | OpenLabel

export type Labels = Readonly<Record<string, Label>>

/**
 * A label whose values only the data knows, of which at most `limit` have a series; the rest is "other". It has no
 * series before a row names it.
 * @example labels: { customer: open(20) }
 */
export function open(limit: number): OpenLabel {
  return { open: limit }
}
