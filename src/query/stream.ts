import type { Fragment } from '../contract/definition.ts'
import { sendable } from './tag.ts'

/** A column of a result: its name, and the number of its type in pg_type. */
export interface Column {
  readonly name: string
  readonly type: number
}

/** Receives the result of a query as it arrives. */
export interface Receiver {
  /** Receives the text of the statement when it is sent, whether or not the query succeeds. Must not throw. */
  sent(text: string): void
  /**
   * Receives the columns and the text of the statement, once: before the first row, or at the end of a result without
   * rows. An error that it throws ends the stream.
   */
  columns(columns: readonly Column[], text: string): void
  /** Receives the values of a row, in the order of the columns. An error that it throws ends the stream. */
  row(values: readonly unknown[]): void
}

/** A query of the client, with the property that the client's types leave out. */
export type Query = Fragment & {
  /** Null until the query is sent. */
  readonly statement: { readonly string: string } | null
  /** Its text around the arguments. */
  strings: readonly string[]
  readonly args: readonly unknown[]
  /** Whether it is sent as a simple query, which may be several statements. */
  readonly options: { simple?: boolean }
}

/** Returns whether a value is a query as the client's sql`…` tag makes it. */
export function isQuery(value: unknown): value is Query {
  return (
    value instanceof Promise &&
    'values' in value &&
    'forEach' in value &&
    'statement' in value &&
    'strings' in value &&
    'args' in value &&
    'options' in value
  )
}

/**
 * Sends a query and passes its rows on one at a time, as arrays, so that a large result is never in memory as a whole.
 * Rejects as soon as the receiver throws, and passes on nothing more; the query may still run on the server then.
 */
export async function stream(query: Query, receiver: Receiver): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  let named = false
  let stopped = false
  const name = ({ columns, statement }: Result) => {
    named = true
    receiver.columns(columns, statement.string)
  }
  // One statement: a text that ended its transaction would go on outside of it, and could write.
  query.options.simple = false
  const received = sendable(query)
    .values()
    .forEach((values, result) => {
      if (stopped) return
      try {
        if (!named) name(result)
        receiver.row(values)
      } catch (error) {
        stopped = true
        reject(error)
      }
    })
  // On an open connection, the client sends a query a few microtasks later, and has no event for that.
  setImmediate(() => {
    if (query.statement !== null) receiver.sent(query.statement.string)
  })
  const result = await Promise.race([received, failed])
  if (!named) name(result)
}

/** The properties of a result beside its rows. */
interface Result {
  readonly columns: readonly Column[]
  readonly statement: { readonly string: string }
}
