import type { Fragment } from '../contract/definition.ts'
import type { Client, Column, RowReceiver } from './client.ts'
import { sendable } from './tag.ts'

/** Receives the result of a query as it arrives. */
export interface Receiver {
  /** Receives the text of the statement when it is sent, whether or not the query succeeds. Must not throw. */
  sent(text: string): void
  /**
   * Receives the columns and the text of the statement, once: when the server has described them, or at the end of a statement
   * that returns nothing. An error that it throws ends the stream.
   */
  columns(columns: readonly Column[], text: string): void
  /** Receives a row, as the bytes that the server sent: see RowReceiver. An error that it throws ends the stream. */
  row: RowReceiver['row']
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
 * Sends a query of a client that sends nothing else meanwhile, and passes its rows on as their bytes arrive, so that a large
 * result is never in memory as a whole. Rejects as soon as the receiver throws, and passes on nothing more; the query may
 * still run on the server then.
 */
export async function stream(query: Query, client: Client, receiver: Receiver): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  let named = false
  let stopped = false
  const attempt = (work: () => void) => {
    if (stopped) return
    try {
      work()
    } catch (error) {
      stopped = true
      reject(error)
    }
  }
  const name = (columns: readonly Column[]) => {
    named = true
    receiver.columns(columns, query.statement?.string ?? '')
  }
  // One statement: a text that ended its transaction would go on outside of it, and could write.
  query.options.simple = false
  const release = client.wire.takeRows({
    columns: (columns) => attempt(() => name(columns)),
    row: (bytes, at) => attempt(() => receiver.row(bytes, at)),
  })
  try {
    const received = Promise.race([sendable(query), failed])
    // On an open connection, the client sends a query a few microtasks later, and has no event for that.
    setImmediate(() => {
      if (query.statement !== null) receiver.sent(query.statement.string)
    })
    await received
    if (!named) name([])
  } finally {
    release()
  }
}
