// Inspects the plan of a collector's query. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import { type MissingIndex, missingIndexes } from '../../src/query/missing-index.ts'
import {
  nameOf,
  type Relation,
  readsOf,
  type Scan,
  type SequentialScan,
  sequentialScans,
} from '../../src/query/plan.ts'
import { type ZonelessColumn, type ZonelessType, zonelessColumns } from '../../src/query/zoneless.ts'
import type { Window } from '../../src/time/moment.ts'
import { plan } from './ask.ts'
import { useOwnNames } from './own-names.ts'

/** The most rows of a table that a query may read from end to end without a warning. */
const MAX_SCANNED_ROWS = 1_000_000

/** Schemas whose tables are the server's own, and never empty. */
const OF_SERVER = ['pg_catalog', 'information_schema', 'pg_toast']

/** How the server would run a collector's query. */
export interface Inspection {
  /** The planner's estimate, in its own unit: https://www.postgresql.org/docs/current/using-explain.html */
  readonly cost: number
  readonly sequentialScans: readonly SequentialScan[]
  /** Empty without a window; undefined when the window is in no condition on a table. */
  readonly missingIndexes: readonly MissingIndex[] | undefined
  /** Columns without a time zone that are compared with a bound of the window. */
  readonly zoneless: readonly ZonelessColumn[]
  /** Whether none of the tables that it reads has a row. */
  readonly empty: boolean
}

/** Inspects the plan of a collector's query for a window, in a transaction of its own, without running the query. */
export async function inspect(collector: Collector, sql: ISql, window: Window): Promise<Inspection> {
  const top = await plan(collector, sql, window)
  const reads = readsOf(top)
  let indexed = reads
  if (collector.settle !== undefined) {
    // The planner reads a small table from end to end even if an index would serve, so this plan does without.
    await sql`SET LOCAL enable_seqscan = off`
    indexed = readsOf(await plan(collector, sql, window))
  }
  await useOwnNames(sql)
  const scans = [...reads.scans, ...indexed.scans]
  const names = [...new Set(scans.map(nameOf))]
  const relations = await relationsOf(sql, names)
  const indexes = scans.flatMap(({ schema, found }) => found.map(({ index }) => `${schema}.${index}`))
  const keys = await keysOf(sql, [...new Set(indexes)])
  const empty = await areEmpty(sql, scans)
  return {
    cost: reads.cost,
    empty,
    sequentialScans: sequentialScans(reads, relations, MAX_SCANNED_ROWS),
    missingIndexes:
      collector.settle === undefined ? [] : missingIndexes([reads, indexed], window, relations, keys),
    zoneless:
      collector.settle === undefined
        ? []
        : zonelessColumns(top, window, reads.scans, relations, await zonelessTypesOf(sql, names)),
  }
}

/** Reads the table and the estimated rows of relations from the catalog, by schema and name. */
async function relationsOf(sql: ISql, names: readonly string[]): Promise<Map<string, Relation>> {
  if (names.length === 0) return new Map()
  const rows = await sql<{ name: string; table: string; rows: number }[]>`
    SELECT namespace.nspname || '.' || class.relname AS name,
           format('%I.%I', root_namespace.nspname, root.relname) AS table,
           class.reltuples AS rows
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
      JOIN pg_catalog.pg_class AS root ON root.oid = coalesce(pg_catalog.pg_partition_root(class.oid), class.oid)
      JOIN pg_catalog.pg_namespace AS root_namespace ON root_namespace.oid = root.relnamespace
     WHERE namespace.nspname || '.' || class.relname IN ${sql(names)}`
  return new Map(rows.map(({ name, table, rows }) => [name, { table, rows }]))
}

/** Asks whether no relation has a row. One that only a view's owner may read counts as empty: nothing is known of it. */
async function areEmpty(sql: ISql, scans: readonly Scan[]): Promise<boolean> {
  const tables = scans.filter(({ foreign, schema }) => !foreign && !OF_SERVER.includes(schema))
  const own = new Map(tables.map((scan) => [nameOf(scan), scan]))
  for (const { schema, relation } of own.values()) {
    const [allowed] = await sql<{ may: boolean }[]>`
      SELECT pg_catalog.has_table_privilege(class.oid, 'SELECT') AS may
        FROM pg_catalog.pg_class AS class
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
       WHERE namespace.nspname = ${schema} AND class.relname = ${relation}`
    if (allowed?.may !== true) continue
    const [first] = await sql`SELECT 1 FROM ${sql(schema)}.${sql(relation)} LIMIT 1`
    if (first !== undefined) return false
  }
  return true
}

/** Reads the first key of each index from the catalog, written in SQL, by schema and name. */
async function keysOf(sql: ISql, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await sql<{ name: string; key: string }[]>`
    SELECT namespace.nspname || '.' || class.relname AS name, pg_catalog.pg_get_indexdef(class.oid, 1, false) AS key
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE namespace.nspname || '.' || class.relname IN ${sql(names)}`
  return new Map(rows.map(({ name, key }) => [name, key]))
}

/** Reads which columns of relations have a type without a time zone, by schema, name and column. */
async function zonelessTypesOf(sql: ISql, names: readonly string[]): Promise<Map<string, ZonelessType>> {
  if (names.length === 0) return new Map()
  const rows = await sql<{ name: string; type: ZonelessType }[]>`
    SELECT namespace.nspname || '.' || class.relname || '.' || attribute.attname AS name, base.typname AS type
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
      JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0
      JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
      JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
     WHERE namespace.nspname || '.' || class.relname IN ${sql(names)}
       AND base.oid IN ('pg_catalog.timestamp'::pg_catalog.regtype, 'pg_catalog.date'::pg_catalog.regtype)`
  return new Map(rows.map(({ name, type }) => [name, type]))
}
