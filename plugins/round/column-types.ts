// Asks the database what the types of columns are. Imports src/ only.
import type { ISql } from 'postgres'
import type { Kind } from '../../src/query/study.ts'

/** A type of PostgreSQL. */
export interface Type {
  readonly type: string
  readonly kind: Kind
  readonly values: readonly string[]
}

/** Resolves to types by their OIDs. */
export async function typesOf(sql: ISql, oids: readonly number[]): Promise<Map<number, Type>> {
  const rows = await sql<{ oid: number; type: string; base: string; category: string; values: string[] }[]>`
    SELECT type.oid::pg_catalog.int8::pg_catalog.float8 AS oid,
           pg_catalog.format_type(type.oid, NULL) AS type,
           base.typname AS base,
           base.typcategory AS category,
           pg_catalog.to_json(ARRAY(
             SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = base.oid ORDER BY enumsortorder
           )) AS values
      FROM pg_catalog.pg_type AS type
      JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
     WHERE type.oid IN ${sql(oids)}`
  return new Map(
    rows.map(({ oid, base, category, ...type }) => [oid, { ...type, kind: kindOf(base, category) }]),
  )
}

/** https://www.postgresql.org/docs/current/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE */
function kindOf(base: string, category: string): Kind {
  if (base === 'uuid' || base === 'money') return base
  if (base === 'time' || base === 'timetz') return 'text'
  const kinds: Readonly<Record<string, Kind>> = {
    B: 'boolean',
    D: 'moment',
    E: 'text',
    I: 'text',
    N: 'number',
    S: 'text',
    T: 'duration',
    Z: 'text',
  }
  return kinds[category] ?? 'other'
}
