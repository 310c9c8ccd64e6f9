/** What a type of PostgreSQL is to a metric. */
export type Kind = 'number' | 'text' | 'boolean' | 'moment' | 'duration' | 'money' | 'uuid' | 'other'

/** A column of a query, as the database describes it. */
export interface DescribedColumn {
  readonly name: string
  /** As PostgreSQL writes it: `timestamp with time zone`. */
  readonly type: string
  readonly kind: Kind
}

/** A query that was prepared and planned, and not run. */
export interface Description {
  readonly columns: readonly DescribedColumn[]
  /** How many rows the planner expects. */
  readonly rows: number
  /** Why it cannot run read-only: what it does, as the plan says it. */
  readonly writes: string | undefined
  /** Volatile functions of the database's own that it may run, and which may write. */
  readonly volatile: readonly string[]
}

/** A column of a query that was run. */
export interface StudiedColumn extends DescribedColumn {
  /** The values of an enum, in its order; empty for any other type. */
  readonly values: readonly string[]
  /** Whether it is a column of a table as it is, and not computed. */
  readonly stored: boolean
  /** Its expression as the planner writes it, such as `count(*)`; undefined when the plan has none. */
  readonly expression: string | undefined
  /** Whether the query groups by it. */
  readonly grouped: boolean
}

/** A column that holds moments. */
export interface TimeColumn {
  readonly name: string
  /** Whether an index begins with it. */
  readonly indexed: boolean
  /** Whether each row has it, and so from the time when it is made. */
  readonly required: boolean
  /** The default of the column, as SQL. */
  readonly fallback: string | null
}

/** The only table that a query reads. */
export interface StudiedTable {
  /** Its schema and name, as SQL. */
  readonly name: string
  /** About how many rows it has. */
  readonly rows: number
  /** Its columns of the type `timestamptz`. */
  readonly times: readonly TimeColumn[]
}

/** What there is to know of a query before it is a collector. */
export interface Study {
  readonly columns: readonly StudiedColumn[]
  /** Its rows: each value as PostgreSQL writes it, cut to what a label may have. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** How long it took. */
  readonly seconds: number
  readonly table: StudiedTable | undefined
}
