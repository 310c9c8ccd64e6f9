import type { ISql, Row } from 'postgres'
import { formatMoment } from '../../src/moment.ts'
import { observer } from '../../src/observe.ts'
import { Rows } from '../../src/rows.ts'
import type { CollectorStatus } from '../../src/status.ts'
import type { Window } from '../../src/window.ts'

/** Sends a collector's query, for a window if it is incremental, and takes its rows as they arrive. */
export async function ask(status: CollectorStatus, sql: ISql, window: Window): Promise<Rows> {
  const { collector } = status
  // Written into the text: as a parameter the client would make a Date of it, and cut it to milliseconds.
  const bound = (moment: bigint) => sql.unsafe<Row[]>(`timestamptz '${formatMoment(moment)}'`)
  const context = { observe: observer(sql, collector), from: bound(window.from), to: bound(window.to) }
  const query: unknown = collector.query(sql, context)
  if (!isQuery(query)) {
    throw new Error('its query must return the sql`…` itself: not a string, and nothing that was awaited')
  }
  const rows = new Rows(collector, status.dictionaries())
  let problem: unknown
  let named = false
  const name = (columns: Columns['columns']) => {
    named = true
    try {
      rows.columns(columns.map(({ name }) => name))
    } catch (error) {
      problem = error
    }
  }
  // Arrays rather than objects, one at a time: a large result never stands in memory as a whole.
  const result = await query.values().forEach((row, { columns }) => {
    if (!named) name(columns)
    if (problem === undefined) rows.add(row)
  })
  if (!named) name(result.columns)
  if (problem !== undefined) throw problem
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
