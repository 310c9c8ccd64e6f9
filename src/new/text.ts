import type { Study } from '../query/study.ts'
import type { Draft } from './draft.ts'
import { layOut } from './layout.ts'
import { columnsOf, renamed, wrap } from './rewrite.ts'
import { FROM, TO, windowed } from './windowed.ts'

/** Whether two queries return the same rows, and the second has these columns. */
export type Compare = (one: string, other: string, columns: readonly string[]) => Promise<boolean>

/** Seconds above which a query is not run again to see whether it can be written more shortly. */
const QUICK = 1

/**
 * The text of a draft's query, indented. What is changed in a query itself counts only if the database returns the same for
 * it. Resolves to undefined when the draft has a window that cannot be added so.
 */
export async function textOf(
  draft: Draft,
  sql: string,
  { columns, seconds }: Study,
  compare: Compare,
): Promise<string | undefined> {
  const names = columnsOf(draft).map(({ name }) => name)
  const whole = wrap(sql, draft, columns)
  const isSame = (text: string) => compare(whole, unbounded(text), names)
  const { window } = draft
  if (window === undefined) {
    const short = seconds < QUICK ? renamed(sql, draft) : undefined
    return short !== undefined && (await isSame(short)) ? layOut(short) : whole
  }
  const asked = windowed(sql, window.column)
  if (asked === undefined) return undefined
  const short = renamed(asked, draft)
  if (short !== undefined && (await isSame(short))) return layOut(short)
  const long = wrap(asked, draft, columns)
  return (await isSame(long)) ? long : undefined
}

/** A query of a window, for all rows there are. */
function unbounded(sql: string): string {
  return sql.replaceAll(FROM, `'-infinity'::timestamptz`).replaceAll(TO, `'infinity'::timestamptz`)
}
