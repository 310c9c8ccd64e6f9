// Sends collectors' queries. Imports src/ only.
import type { ISql, Row, Sql } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import { runAs } from '../../src/contract/culprit.ts'
import { Mistake } from '../../src/finding.ts'
import { addName } from '../../src/query/name-comment.ts'
import { observer } from '../../src/query/observe.ts'
import type { PlanNode } from '../../src/query/plan.ts'
import { isQuery, type Query, type Receiver, stream } from '../../src/query/stream.ts'
import { sendable, tagOf } from '../../src/query/tag.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { decodedOf } from '../../src/rows/bytes.ts'
import { Rows } from '../../src/rows/rows.ts'
import { formatMoment, type Moment, type Window } from '../../src/time/moment.ts'

/**
 * Sends a collector's query, for a window if it is incremental, and takes its rows as they arrive. Rejects at the first
 * sign that the result is of no use, such as more rows than `limit`; the query may still run then.
 */
export async function ask(status: CollectorStatus, sql: Sql, window: Window, limit: number): Promise<Rows> {
  const { collector } = status
  const { query, bounds } = write(collector, sql, window)
  const rows = new Rows(collector, status.dictionaries())
  // Otherwise the server has made sure that all texts are UTF-8.
  const unchecked = sql.parameters.client_encoding === 'SQL_ASCII'
  const added = addName(query, collector.name)
  let count = 0
  const receiver: Receiver = {
    sent(text) {
      status.statement = added.takeFrom(text)
    },
    columns(names, text) {
      if (collector.settle !== undefined) checkBounds(text, bounds)
      rows.columns(names)
    },
    row(values) {
      if (++count > limit) {
        throw new Mistake(
          `its query returns more than ${limit} rows`,
          'aggregate in SQL, or raise COLLECTOR_MAX_SERIES',
        )
      }
      rows.add(unchecked ? values.map(decodedOf) : values)
    },
  }
  try {
    await stream(query, receiver)
  } catch (error) {
    added.correct(error)
    throw error
  }
  return rows
}

/** Asks the server for the plan of a collector's query for a window, as lines of text, without running the query. */
export async function explain(collector: Collector, sql: ISql, window: Window): Promise<string[]> {
  return explained<string>('EXPLAIN', collector, sql, window)
}

/** Asks for the same plan as `explain`, in a form that a program can read, with the schema of each table. */
export async function plan(collector: Collector, sql: ISql, window: Window): Promise<PlanNode> {
  const [row] = await explained<[{ Plan: PlanNode }]>(
    'EXPLAIN (VERBOSE, FORMAT JSON)',
    collector,
    sql,
    window,
  )
  if (row === undefined) throw new Error('the server has no plan')
  return row[0].Plan
}

/** Sends a statement about a collector's query. Resolves to what it returns, whose type only the statement tells. */
async function explained<Line>(
  statement: string,
  collector: Collector,
  sql: ISql,
  window: Window,
): Promise<Line[]> {
  const { query } = write(collector, sql, window)
  addName(query, collector.name, `${statement} `)
  query.options.simple = false
  const lines: readonly Row[] = await sendable(query)
  return lines.map((line): Line => line['QUERY PLAN'])
}

/** The bounds of a window, written in SQL. */
type Bounds = Readonly<Record<'from' | 'to', string>>

/**
 * Writes a collector's query for a window, without sending it. Throws a Mistake when the collector returns something
 * else.
 */
function write(
  collector: Collector,
  sql: ISql,
  window: Window,
): { readonly query: Query; readonly bounds: Bounds } {
  // Literals, because the client turns a parameter into a Date, which has only milliseconds.
  const bounds = { from: literal(window.from), to: literal(window.to) }
  const [from, to] = [sql.unsafe<Row[]>(bounds.from), sql.unsafe<Row[]>(bounds.to)]
  const context = { observe: observer(sql, collector), from, to }
  const query: unknown = runAs({ collector }, () => collector.query(tagOf(sql), context))
  if (!isQuery(query)) {
    // Whatever comes of it, this run has failed.
    if (query instanceof Promise) query.catch(() => {})
    const select = typeof query === 'string' ? query.trim().split('\n', 1)[0] : 'SELECT …'
    throw new Mistake(
      'its query must return the sql`…` itself: not a string, and nothing that was awaited',
      `write: query: (sql) => sql\`${select}\``,
    )
  }
  return { query, bounds }
}

function literal(moment: Moment): string {
  return `timestamptz '${formatMoment(moment)}'`
}

/** Throws a Mistake when the text of a query lacks a bound of its window: each run would count the same rows again. */
function checkBounds(text: string, { from, to }: Bounds): void {
  const missing = [...(text.includes(from) ? [] : ['from']), ...(text.includes(to) ? [] : ['to'])]
  if (missing.length === 0) return
  throw new Mistake(
    `it has a window, and its query does not use ${missing.map((name) => `"${name}"`).join(' and ')}: rows would count again at each run`,
    `write: query: (sql, { from, to }) => sql\`… WHERE create_time > \${from} AND create_time <= \${to}\``,
  )
}
