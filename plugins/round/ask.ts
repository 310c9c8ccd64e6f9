import type { ISql, Row } from 'postgres'
import type { Collector, Fragment } from '../../src/collector.ts'
import { formatMoment } from '../../src/moment.ts'
import { observer } from '../../src/observe.ts'
import { Rows } from '../../src/rows.ts'
import type { CollectorStatus } from '../../src/status.ts'
import type { Window } from '../../src/window.ts'

/**
 * Sends a collector's query, for a window if it is incremental, and takes its rows as they arrive. Rejects at the first
 * sign that no good can come of it, such as more rows than `limit`; the query may still run then.
 */
export async function ask(status: CollectorStatus, sql: ISql, window: Window, limit: number): Promise<Rows> {
  const { collector } = status
  const query = write(collector, sql, window)
  const rows = new Rows(collector, status.dictionaries())
  const { promise: hopeless, reject } = Promise.withResolvers<never>()
  let given = 0
  let named = false
  const name = ({ columns }: Columns) => {
    named = true
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
  const lines = await sql<{ 'QUERY PLAN': string }[]>`EXPLAIN ${write(collector, sql, window)}`
  return lines.map((line) => line['QUERY PLAN'])
}

/** A collector's query for a window, not yet sent. */
function write(collector: Collector, sql: ISql, window: Window): Query & Fragment {
  // Written into the text: as a parameter the client would make a Date of it, and cut it to milliseconds.
  const bound = (moment: bigint) => sql.unsafe<Row[]>(`timestamptz '${formatMoment(moment)}'`)
  const context = { observe: observer(sql, collector), from: bound(window.from), to: bound(window.to) }
  const query: unknown = collector.query(sql, context)
  if (!isQuery(query)) {
    throw new Error('its query must return the sql`…` itself: not a string, and nothing that was awaited')
  }
  return query
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
