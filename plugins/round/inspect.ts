import type { ISql } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import { type MissingIndex, missingIndexes } from '../../src/query/missing-index.ts'
import { nameOf, type Relation, readsOf, type SequentialScan, sequentialScans } from '../../src/query/plan.ts'
import type { Window } from '../../src/time/moment.ts'
import { plan } from './ask.ts'

/** Rows of a table that may be read from end to end without a word. */
const MANY = 1_000_000

/** How the server would answer a collector's query. */
export interface Inspection {
  /** The planner's estimate, in its own unit: https://www.postgresql.org/docs/current/using-explain.html */
  readonly cost: number
  readonly sequentialScans: readonly SequentialScan[]
  /** Of an incremental collector; undefined when its window is in no condition on a table. */
  readonly missingIndexes: readonly MissingIndex[] | undefined
}

/** Has the server plan a collector's query for a window, in a transaction of its own; it does not run. */
export async function inspect(collector: Collector, sql: ISql, window: Window): Promise<Inspection> {
  const reads = readsOf(await plan(collector, sql, window))
  let indexed = reads
  if (collector.settle !== undefined) {
    // A small table is read from end to end even where an index would serve: this asks what would.
    await sql`SET LOCAL enable_seqscan = off`
    indexed = readsOf(await plan(collector, sql, window))
  }
  const scans = [...reads.scans, ...indexed.scans]
  const relations = await relationsOf(sql, [...new Set(scans.map(nameOf))])
  const indexes = scans.flatMap(({ schema, found }) => found.map(({ index }) => `${schema}.${index}`))
  const keys = await keysOf(sql, [...new Set(indexes)])
  return {
    cost: reads.cost,
    sequentialScans: sequentialScans(reads, relations, MANY),
    missingIndexes:
      collector.settle === undefined ? [] : missingIndexes([reads, indexed], window, relations, keys),
  }
}

/** By schema and name, what the catalog says of relations. */
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

/** By schema and name, the first key of indexes as it would be written. */
async function keysOf(sql: ISql, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const rows = await sql<{ name: string; key: string }[]>`
    SELECT namespace.nspname || '.' || class.relname AS name, pg_catalog.pg_get_indexdef(class.oid, 1, false) AS key
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE namespace.nspname || '.' || class.relname IN ${sql(names)}`
  return new Map(rows.map(({ name, key }) => [name, key]))
}
