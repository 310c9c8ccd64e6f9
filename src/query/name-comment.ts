import type { Query } from './stream.ts'

/** What reads its hints from the first comment of a statement: https://pg-hint-plan.readthedocs.io/en/latest/hint_details.html */
const HINT = '/*+'
const FIRST_WORD = /^\s*[a-z]+/i

/** The texts that were made of those of a template: the client keeps something for each array of texts that it ever saw. */
const made = new WeakMap<readonly string[], Map<string, readonly string[]>>()

/**
 * Adds the name of its collector to a query, as a comment in the form of sqlcommenter, so that pg_stat_activity and
 * pg_stat_statements show it: https://google.github.io/sqlcommenter/spec/
 * It is behind the first word, where it survives `track_activity_query_size`, and PostgreSQL 18, which leaves out of
 * pg_stat_statements what comes before that; at the end if there are hints. `statement` is what comes before the query. Returns
 * the reverse.
 */
export function addName(query: Query, collector: string, statement = ''): Added {
  // A quote, and what would end the comment, are escaped.
  const name = encodeURIComponent(collector).replaceAll("'", '%27').replaceAll('*', '%2A')
  const comment = `/* collector='${name}' */`
  const added = query.strings.some((text) => text.includes(HINT))
    ? new Added(statement, undefined, `\n${comment}`)
    : new Added(statement, FIRST_WORD.exec(statement + query.strings[0])?.[0].length ?? 0, ` ${comment}`)
  query.strings = around(query.strings, added)
  return added
}

/** What was added to the text of a query: a statement before it, and a comment in it, or at its end. */
class Added {
  readonly #statement: string
  readonly #at: number | undefined
  readonly #comment: string

  constructor(statement: string, at: number | undefined, comment: string) {
    this.#statement = statement
    this.#at = at
    this.#comment = comment
  }

  get key(): string {
    return this.#statement + this.#comment
  }

  /** Adds it to the first and the last of the texts of a query. */
  addTo(strings: readonly string[]): readonly string[] {
    const [first = '', ...others] = strings
    const begun = this.#statement + first
    const at = this.#at
    if (at !== undefined) return [begun.slice(0, at) + this.#comment + begun.slice(at), ...others]
    const texts = [begun, ...others]
    return texts.with(-1, texts.at(-1) + this.#comment)
  }

  /** Takes it from the text that was sent: what is left is as it was written. */
  takeFrom(text: string): string {
    const at = this.#at ?? text.length - this.#comment.length
    return (text.slice(0, at) + text.slice(at + this.#comment.length)).slice(this.#statement.length)
  }

  /** Makes the position in an error of the server, in characters from 1, one in the text as it was written. */
  correct(error: unknown): void {
    if (!(error instanceof Error) || !('position' in error)) return
    const given = Number(error.position)
    const behind = this.#at !== undefined && given > this.#at ? this.#comment.length : 0
    const position = given - behind - this.#statement.length
    if (position > 0) error.position = String(position)
  }
}

function around(strings: readonly string[], added: Added): readonly string[] {
  const of = made.get(strings) ?? new Map<string, readonly string[]>()
  const known = of.get(added.key)
  if (known !== undefined) return known
  const texts = added.addTo(strings)
  of.set(added.key, texts)
  made.set(strings, of)
  return texts
}
