import type { Sql } from 'postgres'

/** A column of a result. */
export interface Column {
  readonly name: string
  /** The number of its type in pg_type. */
  readonly type: number
  /** What the client makes of a text of this type; undefined where it leaves it as it is. */
  readonly parse: ((text: string) => unknown) | undefined
}

/** Receives the answer to a query as it arrives. It does not throw. */
export interface RowReceiver {
  /** Receives the columns, before the first row. */
  columns(columns: readonly Column[]): void
  /**
   * Receives a row. Its fields begin at `at`, in the order of the columns: each has its length in four bytes, -1 for NULL, and
   * as many bytes of text. The bytes are only lent: what is to be kept is copied.
   * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
   */
  row(bytes: Buffer, at: number): void
}

/** The connection of a client. */
export interface Wire {
  /**
   * Gives the rows of the next query to a receiver in place of the client, for which an object for each row and a text for
   * each field would be made. Returns what gives them to the client again if the query was not sent. Throws an Error while
   * another query runs.
   */
  takeRows(receiver: RowReceiver): () => void
}

/** The client of one session. */
export type Client = Sql & { readonly wire: Wire }
