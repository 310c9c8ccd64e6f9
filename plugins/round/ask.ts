// Sends collectors' queries. Imports src/ only.
import type { ISql, Row } from 'postgres'
import type { Bounds, Sent } from '../../src/check/sql-warnings.ts'
import type { Collector } from '../../src/contract/collector.ts'
import { runAs } from '../../src/contract/culprit.ts'
import type { WindowContext } from '../../src/contract/definition.ts'
import { findingOf, Mistake } from '../../src/finding.ts'
import type { Client } from '../../src/query/client.ts'
import { addName } from '../../src/query/name-comment.ts'
import { observer } from '../../src/query/observe.ts'
import type { PlanNode } from '../../src/query/plan.ts'
import { notSelect } from '../../src/query/sql-advice.ts'
import { isQuery, type Query, type Receiver, stream } from '../../src/query/stream.ts'
import { sendable, tagOf } from '../../src/query/tag.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { RowReader } from '../../src/rows/row-reader.ts'
import { Rows } from '../../src/rows/rows.ts'
import { formatMoment, type Moment, type Window } from '../../src/time/moment.ts'
import { explainError } from './locate.ts'

/**
 * Sends a collector's query, for a window if it is incremental, and takes its rows as they arrive. `heard` receives what was
 * sent when its result begins. Rejects at the first
 * sign that the result is of no use, such as more rows than `limit`; the query may still run then.
 */
export async function ask(
  status: CollectorStatus,
  sql: Client,
  window: Window,
  limit: number,
  heard: (sent: Sent) => void = () => {},
): Promise<Rows> {
  const { collector } = status
  const { query, bounds } = write(collector, sql, window)
  const rows = new Rows(collector, status.dictionaries())
  const written = { strings: query.strings, values: query.args }
  const added = addName(query, collector.name)
  let count = 0
  let reader: RowReader | undefined
  const receiver: Receiver = {
    sent(text) {
      status.statement = added.takeFrom(text)
    },
    columns(columns, text) {
      const windowed = collector.settle !== undefined
      if (windowed) checkBounds(text, bounds)
      const names = columns.map(({ name }) => name)
      const statement = added.takeFrom(text)
      placeColumnsOf(rows, names, statement)
      reader = new RowReader(rows, columns)
      const types = new Map(columns.map(({ name, type }) => [name, type]))
      heard({ statement, types, bounds: windowed ? bounds : undefined })
    },
    row(bytes, at) {
      if (++count > limit) {
        throw new Mistake(
          `its query returns more than ${limit} rows`,
          'aggregate in SQL, or raise COLLECTOR_MAX_SERIES',
          { about: 'query' },
        )
      }
      reader?.add(bytes, at)
    },
  }
  try {
    await stream(query, sql, receiver)
  } catch (error) {
    added.correct(error)
    const statement = query.statement === null ? undefined : added.takeFrom(query.statement.string)
    await explainError(error, { written, statement, status })
    throw error
  }
  rows.complete()
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
  const observe = observer(sql, collector)
  const context = collector.settle === undefined ? withoutWindow(observe) : { observe, from, to }
  const query: unknown = runAs({ collector }, () => collector.query(tagOf(sql), context))
  if (!isQuery(query)) {
    // Whatever comes of it, this run has failed.
    if (query instanceof Promise) query.catch(() => {})
    const select = typeof query === 'string' ? query.trim().split('\n', 1)[0] : 'SELECT …'
    throw new Mistake(
      'its query must return the sql`…` itself: not a string, and nothing that was awaited',
      `write: query: (sql) => sql\`${select}\``,
      { about: 'query' },
    )
  }
  return { query, bounds }
}

/** What a query is given that has no window: both bounds would be the same moment, so that no row is between them. */
function withoutWindow(observe: WindowContext['observe']): WindowContext {
  const refuse = (bound: string): never => {
    throw new Mistake(`its query uses "${bound}", and it has no window`, "write: window: { settle: '10m' }", {
      about: 'query',
    })
  }
  return {
    observe,
    get from() {
      return refuse('from')
    },
    get to() {
      return refuse('to')
    },
  }
}

/** Takes the columns of a result. Throws a Mistake that says so when the statement is no SELECT. */
function placeColumnsOf(rows: Rows, names: readonly string[], statement: string): void {
  try {
    rows.columns(names)
  } catch (error) {
    const other = notSelect(statement)
    if (other === undefined) throw error
    const advice = 'write one SELECT: query: (sql) => sql`SELECT …`'
    const [first = ''] = findingOf(error).problem.split('; ')
    throw new Mistake(`${other}: ${first}`, advice, { about: 'query', cause: error })
  }
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
    { about: 'query' },
  )
}
