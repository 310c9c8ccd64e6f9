import type { ISql, PendingQuery, Row } from 'postgres'
import type { Labels } from './label.ts'
import type { Metrics } from './metric.ts'

/** A duration as Go writes it, such as `60s`, `1m30s` or `500ms`: https://pkg.go.dev/time#ParseDuration */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h'}` | `${number}${'s' | 'm' | 'h'}${number}${string}`

/** The names of a collector's histograms: what `observe` takes. */
type HistogramName<M extends Metrics> = {
  [Name in keyof M]: M[Name]['type'] extends 'histogram' ? Name : never
}[keyof M] &
  string

/** Adds to a gauge's or a timestamp's type a text that nothing has, so that the compiler says it beside a window. */
type Summable<M extends Metrics> = {
  readonly [Name in keyof M]: M[Name]['type'] extends 'gauge' | 'timestamp'
    ? 'a window is for counters and histograms'
    : unknown
}

/** A piece of SQL, as the sql`…` tag returns it. */
export type Fragment = PendingQuery<Row[]>

/** The second argument of a query, after the sql`…` tag. */
export interface QueryContext<M extends Metrics = Metrics> {
  /**
   * Writes the one column of a histogram: how many values of the SQL expression are at most each bucket's bound,
   * how many there are, and their sum. It leaves NULLs out, and rejects what is NaN, infinite, or negative where no bound
   * is. The expression has the unit of the bounds.
   * @example observe('business_operation_duration_seconds', sql`extract(epoch FROM finish_time - create_time)`)
   */
  observe(metric: HistogramName<M>, expression: Fragment): Fragment
}

/** The second argument of an incremental collector's query, for rows whose moment is after `from` and not after `to`. */
export interface WindowContext<M extends Metrics = Metrics> extends QueryContext<M> {
  /**
   * The moment, a `timestamptz` of the database's clock, that the window begins after: it is not in the window.
   * @example WHERE create_time > ${from} AND create_time <= ${to}
   */
  readonly from: Fragment
  /** The moment, a `timestamptz` of the database's clock, that the window ends with: it is in the window. */
  readonly to: Fragment
}

/** Makes a collector incremental. */
export interface WindowOptions {
  /**
   * Go-style duration after which a window is counted for good: rows may be committed later than their own moment by
   * that much. Each run asks again for what is more recent. There is no default, because it depends on who writes the
   * rows. https://www.postgresql.org/docs/current/transaction-iso.html
   * @example '10m'
   */
  readonly settle: Duration
}

/** The argument of `defineCollector`. */
export interface Definition<
  L extends Labels = Labels,
  M extends Metrics = Metrics,
  W extends WindowOptions | undefined = WindowOptions | undefined,
> {
  /**
   * Lower-case words joined by hyphens or underscores, as the file is named; the value of the `collector` label of the
   * self-metrics, and what `COLLECTORS` lists.
   * @example 'overdue-invoices'
   */
  readonly name: string
  /**
   * Label name → its values: a list of all, or `open(n)` if only the data knows them, or `top(n)` for the largest. Each is
   * a column of the query.
   * @default none: the query returns one row
   * @example { plan: open(50), state: ['paid', 'due', 'other'] }
   */
  readonly labels?: L
  /**
   * Full metric name → its type and help: `gauge`, `counter`, `histogram` or `timestamp`. Each is a column of the
   * query. A collector with a window has counters and histograms only.
   * @example { business_invoices: gauge('Invoices that are not void.') }
   */
  readonly metrics: M & (W extends WindowOptions ? Summable<M> : unknown)
  /**
   * Names of the databases of `DATABASE_URL` that it runs on.
   * @default all of them
   * @example ['eu', 'us']
   */
  readonly databases?: readonly string[]
  /**
   * Versions of PostgreSQL that it runs on: conditions that all hold, or one side of `||`. Only the parts that a condition has
   * are compared. On another version it does not run, shows nothing and does not fail.
   * @default all of them
   * @example '>=17'
   */
  readonly versions?: string
  /**
   * The role of the servers that it runs on. While the round asks one of the other role, it does not run, shows nothing and
   * does not fail.
   * @default both
   */
  readonly role?: 'primary' | 'standby'
  /**
   * Go-style duration between two runs; it is rounded up to whole ticks.
   * @default every tick: `METRICS_TICK_DURATION`
   * @example '5m'
   */
  readonly interval?: Duration
  /**
   * Go-style duration after which a run is cancelled, here and in the database, and fails; at most 24h.
   * @default `COLLECTOR_TIMEOUT`
   * @example '20s'
   */
  readonly timeout?: Duration
  /**
   * Counts only what is new since the last run: counters and histograms start from 0 when the service starts, and the
   * query asks for the rows of one window, from `from` to `to`.
   * @default none: counters and histograms show what the query returns
   * @example { settle: '10m' }
   */
  // Always WindowOptions: in this form the compiler infers W, and an editor still finds what `settle` means.
  readonly window?: W extends unknown ? WindowOptions : W
  /**
   * The question, as one SELECT: a column for each label and each metric, a row for each label set. It runs read-only,
   * in the snapshot that all collectors of a round share.
   * @example (sql) => sql`SELECT count(*) AS business_invoices FROM invoices`
   */
  readonly query: (
    sql: ISql,
    context: W extends WindowOptions ? WindowContext<M> : QueryContext<M>,
  ) => Fragment
}
