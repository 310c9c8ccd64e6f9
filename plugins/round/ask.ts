import type { ISql, Row } from 'postgres'
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
  // Written into the text: as a parameter the client would make a Date of it, and cut it to milliseconds.
  const bound = (moment: bigint) => sql.unsafe<Row[]>(`timestamptz '${formatMoment(moment)}'`)
  const context = { observe: observer(sql, collector), from: bound(window.from), to: bound(window.to) }
  const query: unknown = collector.query(sql, context)
  if (!isQuery(query)) {
    throw new Error('its query must return the sql`…` itself: not a string, and nothing that was awaited')
  }
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
  const columns = await Promise.race([result, hopeless])
  if (!named) name(columns)
  return rows
}

/** What the client's types leave out: `forEach` after `values` gives arrays, and the columns beside each. */
interface Query {
  values(): { forEach(each: (row: unknown[], result: Columns) => void): Promise<Columns> }
}
interface Columns {
  readonly columns: readonly { readonly name: string }[]
}

function isQuery(query: unknown): query is Query {
  return query instanceof Promise && 'values' in query && 'forEach' in query
}
