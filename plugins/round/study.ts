// Asks the database about a query that is no collector yet. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import { Mistake } from '../../src/finding.ts'
import { nameOf, type PlanNode, readsOf } from '../../src/query/plan.ts'
import type { StudiedColumn, StudiedTable, Study, TimeColumn } from '../../src/query/study.ts'
import { typesOf } from './column-types.ts'
import { type Described, type OutputNode, planOf } from './described.ts'

/** The longest value that is looked at: that of a label. */
const LONGEST = 1024

/**
 * Describes and plans a query, and runs it once, within the transaction that it is asked in. Rejects with PostgreSQL's
 * error when it is no query, and with a Mistake when it returns more than `limit` rows.
 */
export async function study(sql: ISql, text: string, limit: number): Promise<Study> {
  // The position of an error in what follows would be one in another text.
  const described = await sql.unsafe(text).describe()
  return look(sql, text, limit, described).catch((error) => {
    Reflect.deleteProperty(error, 'position')
    throw error
  })
}

async function look(sql: ISql, text: string, limit: number, described: Described): Promise<Study> {
  if (described.columns.length === 0) throw new Mistake('the query returns no columns', 'write one SELECT')
  const names = described.columns.map(({ name }) => name)
  const types = await typesOf(sql, [...new Set(described.columns.map(({ type }) => type))])
  const top = await planOf(sql, text)
  const started = performance.now()
  const rows = await sql.unsafe(readingOf(text, names.length, limit + 1)).values()
  const seconds = (performance.now() - started) / 1000
  if (rows.length > limit) {
    throw new Mistake(
      `the query returns more than ${limit} rows`,
      'aggregate: SELECT a_label, count(*) … GROUP BY a_label',
    )
  }
  const keys = keysOf(top)
  const columns = described.columns.map((column, i): StudiedColumn => {
    const output = top.Output?.length === names.length ? top.Output[i] : undefined
    const expression = output === undefined ? undefined : bareOf(output)
    const stored = (column.table ?? 0) !== 0
    const { type = 'unknown', kind = 'other', values = [] } = types.get(column.type) ?? {}
    return {
      name: column.name,
      type,
      kind,
      values,
      stored,
      expression,
      grouped: expression !== undefined && keys.has(withoutTables(expression)),
    }
  })
  return { columns, rows: rows as (string | null)[][], seconds, table: await tableOf(sql, top) }
}

/** Whether two queries return the same rows. Rejects when one of them is not a query. */
export async function returnsSame(
  sql: ISql,
  one: string,
  other: string,
  columns: readonly string[],
): Promise<boolean> {
  const { columns: described } = await sql.unsafe(other).describe()
  if (described.map(({ name }) => name).join('\n') !== columns.join('\n')) return false
  const list = columns.map((_, i) => `c${i}`).join(', ')
  const [row] = await sql.unsafe<[{ same: boolean }]>(`
    WITH one (${list}) AS MATERIALIZED (${one}
    ), other (${list}) AS MATERIALIZED (${other}
    ), differences AS ((TABLE one EXCEPT ALL TABLE other) UNION ALL (TABLE other EXCEPT ALL TABLE one))
    SELECT NOT EXISTS (TABLE differences) AS same`)
  return row.same
}

function readingOf(text: string, columns: number, limit: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`)
  const values = names.map((name) => `pg_catalog.left(q.${name}::text, ${LONGEST})`)
  return `SELECT ${values.join(', ')} FROM (${text}\n) AS q (${names.join(', ')}) LIMIT ${limit}`
}

/** Every expression that a plan groups by. */
function keysOf({ 'Group Key': keys = [], Plans: plans = [] }: OutputNode): Set<string> {
  return new Set([
    ...keys.map((key) => withoutTables(bareOf(key))),
    ...plans.flatMap((plan) => [...keysOf(plan)]),
  ])
}

/** An expression without the names before its columns, which a plan writes in some places only. */
function withoutTables(expression: string): string {
  return expression.replaceAll(/("[^"]*"|\b[a-z_]\w*)\./gi, '')
}

/** An expression without the parentheses around it. */
function bareOf(expression: string): string {
  return /^\(.*\)$/s.test(expression) && isWhole(expression) ? bareOf(expression.slice(1, -1)) : expression
}

/** Whether the first parenthesis of a text is closed by its last character. */
function isWhole(text: string): boolean {
  let depth = 0
  for (const [i, character] of [...text].entries()) {
    if (character === '(') depth++
    if (character === ')' && --depth === 0) return i === text.length - 1
  }
  return false
}

/** The table of a plan that reads one only, with its partitions. */
async function tableOf(sql: ISql, top: PlanNode): Promise<StudiedTable | undefined> {
  const read = [...new Set(readsOf(top).scans.map(nameOf))]
  if (read.length === 0) return undefined
  const tables = await sql<{ name: string; oid: number; rows: number }[]>`
    SELECT pg_catalog.format('%I.%I', namespace.nspname, root.relname) AS name,
           root.oid::pg_catalog.int8::pg_catalog.float8 AS oid,
           pg_catalog.sum(greatest(class.reltuples, 0))::pg_catalog.float8 AS rows
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS own ON own.oid = class.relnamespace
      JOIN pg_catalog.pg_class AS root
        ON root.oid = coalesce(pg_catalog.pg_partition_root(class.oid), class.oid)
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = root.relnamespace
     WHERE own.nspname || '.' || class.relname IN ${sql(read)}
     GROUP BY 1, 2`
  const [table, another] = tables
  if (table === undefined || another !== undefined) return undefined
  const times = await sql<TimeColumn[]>`
    SELECT attribute.attname AS name,
           attribute.attnotnull AS required,
           pg_catalog.pg_get_expr(standard.adbin, standard.adrelid) AS fallback,
           EXISTS (
             SELECT FROM pg_catalog.pg_index
              WHERE indrelid = attribute.attrelid AND indkey[0] = attribute.attnum AND indpred IS NULL
           ) AS indexed
      FROM pg_catalog.pg_attribute AS attribute
      LEFT JOIN pg_catalog.pg_attrdef AS standard
        ON standard.adrelid = attribute.attrelid AND standard.adnum = attribute.attnum
     WHERE attribute.attrelid = ${table.oid} AND attribute.attnum > 0 AND NOT attribute.attisdropped
       AND attribute.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype
     ORDER BY attribute.attnum`
  return { name: table.name, rows: table.rows, times }
}
