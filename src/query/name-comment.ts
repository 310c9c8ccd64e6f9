import type { Query } from './stream.ts'

/** What reads its hints from the first comment of a statement: https://pg-hint-plan.readthedocs.io/en/latest/hint_details.html */
const HINT = /^\s*\/\*\+/

/** The texts that were made of those of a template: the client keeps something for each array of texts that it ever saw. */
const made = new WeakMap<readonly string[], Map<string, readonly string[]>>()

/**
 * Adds the name of its collector to a query, as a comment in the form of sqlcommenter, so that pg_stat_activity and
 * pg_stat_statements show it: https://google.github.io/sqlcommenter/spec/
 * It is at the start, where it survives `track_activity_query_size`, unless there are hints. `statement` is what comes before
 * the query. Returns the reverse.
 */
export function addName(query: Query, collector: string, statement = ''): Added {
  // A quote, and what would end the comment, are escaped.
  const name = encodeURIComponent(collector).replaceAll("'", '%27').replaceAll('*', '%2A')
  const comment = `/* collector='${name}' */`
  const [first = ''] = query.strings
  const [before, after] = HINT.test(first) ? [statement, `\n${comment}`] : [`${comment} ${statement}`, '']
  query.strings = around(query.strings, before, after)
  return new Added(before, after)
}

/** What was added to the text of a query. */
class Added {
  readonly #before: string
  readonly #after: string

  constructor(before: string, after: string) {
    this.#before = before
    this.#after = after
  }

  /** Takes it from the text that was sent: what is left is as it was written. */
  takeFrom(text: string): string {
    return text.slice(this.#before.length, text.length - this.#after.length)
  }

  /** Makes the position in an error of the server, in characters from 1, one in the text as it was written. */
  correct(error: unknown): void {
    if (!(error instanceof Error) || !('position' in error)) return
    const position = Number(error.position) - this.#before.length
    if (position > 0) error.position = String(position)
  }
}

function around(strings: readonly string[], before: string, after: string): readonly string[] {
  const key = before + after
  const of = made.get(strings) ?? new Map<string, readonly string[]>()
  const known = of.get(key)
  if (known !== undefined) return known
  const texts = strings.map(
    (text, i) => `${i === 0 ? before : ''}${text}${i === strings.length - 1 ? after : ''}`,
  )
  of.set(key, texts)
  made.set(strings, of)
  return texts
}
