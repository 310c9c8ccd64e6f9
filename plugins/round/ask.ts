import type { ISql, Row } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import type { Fragment } from '../../src/contract/definition.ts'
import { Mistake } from '../../src/mistake.ts'
import { observer } from '../../src/query/observe.ts'
import type { PlanNode } from '../../src/query/plan.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { Rows } from '../../src/rows/rows.ts'
import { formatMoment, type Moment, type Window } from '../../src/time/moment.ts'

/**
 * Sends a collector's query, for a window if it is incremental, and takes its rows as they arrive. Rejects at the first
 * sign that no good can come of it, such as more rows than `limit`; the query may still run then.
 */
export async function ask(status: CollectorStatus, sql: ISql, window: Window, limit: number): Promise<Rows> {
  const { collector } = status
  const { query, bounds } = write(collector, sql, window)
  const rows = new Rows(collector, status.dictionaries())
  const { promise: hopeless, reject } = Promise.withResolvers<never>()
  let given = 0
  let named = false
  const name = ({ columns }: Columns) => {
    named = true
    const text = query.statement?.string
    if (collector.settle !== undefined && text !== undefined) checkBounds(text, bounds)
    rows.columns(columns.map(({ name }) => name))
  }
  // Arrays rather than objects, one at a time: a large result never stands in memory as a whole.
  const result = query.values().forEach((row, columns) => {
    if (given > limit) return
    try {
      if (!named) name(columns)
      if (++given > limit) {
        throw new Error(
          `its query returns more than ${limit} rows: aggregate in SQL, or raise COLLECTOR_MAX_SERIES`,
        )
      }
      rows.add(row)
    } catch (error) {
      given = Number.POSITIVE_INFINITY
      reject(error)
    }
  })
  // The client has the text as soon as it has sent it, whatever becomes of the query.
  setImmediate(() => {
    status.statement = query.statement?.string ?? status.statement
  })
  const columns = await Promise.race([result, hopeless])
  if (!named) name(columns)
  return rows
}

/** How the server would answer a collector's query for a window, in lines of text; it does not run. */
export async function explain(collector: Collector, sql: ISql, window: Window): Promise<string[]> {
  const lines = await sql<{ 'QUERY PLAN': string }[]>`EXPLAIN ${write(collector, sql, window).query}`
  return lines.map((line) => line['QUERY PLAN'])
}

/** As explain, for a program to read, with the schema of each table. */
export async function plan(collector: Collector, sql: ISql, window: Window): Promise<PlanNode> {
  const [row] = await sql<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>`
    EXPLAIN (VERBOSE, FORMAT JSON) ${write(collector, sql, window).query}`
  return row['QUERY PLAN'][0].Plan
}

/** The bounds of a window as SQL has them. */
type Bounds = Readonly<Record<'from' | 'to', string>>

/** A collector's query for a window, not yet sent. Throws a Mistake when it is none. */
function write(
  collector: Collector,
  sql: ISql,
  window: Window,
): { readonly query: Query & Fragment; readonly bounds: Bounds } {
  // Written into the text: as a parameter the client would make a Date of it, and cut it to milliseconds.
  const bounds = { from: literal(window.from), to: literal(window.to) }
  const [from, to] = [sql.unsafe<Row[]>(bounds.from), sql.unsafe<Row[]>(bounds.to)]
  const query: unknown = collector.query(sql, { observe: observer(sql, collector), from, to })
  if (!isQuery(query)) {
    const select = typeof query === 'string' ? query.trim().split('\n', 1)[0] : 'SELECT …'
    throw new Mistake(
      'its query must return the sql`…` itself: not a string, and nothing that was awaited',
      `query: (sql) => sql\`${select}\``,
    )
  }
  return { query, bounds }
}

function literal(moment: Moment): string {
  return `timestamptz '${formatMoment(moment)}'`
}

/** Throws a Mistake when the text of a query leaves out a bound of its window: it would count rows again and again. */
function checkBounds(text: string, { from, to }: Bounds): void {
  const missing = [...(text.includes(from) ? [] : ['from']), ...(text.includes(to) ? [] : ['to'])]
  if (missing.length === 0) return
  throw new Mistake(
    `it has a window, and its query does not use ${missing.map((name) => `"${name}"`).join(' and ')}: rows would count again at each run`,
    `query: (sql, { from, to }) => sql\`… WHERE create_time > \${from} AND create_time <= \${to}\``,
  )
}

/** What the client's types leave out: `forEach` after `values` gives arrays, and the columns beside each; and its text. */
interface Query {
  values(): { forEach(each: (row: unknown[], result: Columns) => void): Promise<Columns> }
  readonly statement?: { readonly string: string }
}
interface Columns {
  readonly columns: readonly { readonly name: string }[]
}

function isQuery(query: unknown): query is Query & Fragment {
  return query instanceof Promise && 'values' in query && 'forEach' in query
}
