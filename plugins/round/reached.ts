// What of the database a statement may run. Imports src/ and its own folder only.
import type { ISql, PendingQuery, Row } from 'postgres'
import { usedNames } from '../../src/query/names.ts'
import { schemasOf, useOwnNames } from './own-names.ts'

/** The most functions that are named for one statement. */
const MOST = 3

/**
 * What statements reach by the names in them, as expressions for WITH RECURSIVE: `reached` has the place of the statement, from
 * 0, and the catalog and the OID of a relation, a function or an operator, and of what these use, however deep. What the body
 * of a function calls is in no catalog. https://www.postgresql.org/docs/current/catalog-pg-depend.html
 */
export function reached(sql: ISql, statements: readonly string[], path: string): PendingQuery<Row[]> {
  const used = statements.flatMap((text, statement) =>
    usedNames(text).map((name) => ({ ...name, statement })),
  )
  return sql`
    used AS (
      SELECT (used ->> 'statement')::int AS statement, used ->> 'schema' AS schema, used ->> 'name' AS name, used ->> 'as' AS as
        FROM json_array_elements(${JSON.stringify(used)}::text::json) AS used
    ), meant AS (
      SELECT used.statement, used.name, used.as, namespace.oid AS namespace
        FROM used
        JOIN pg_namespace AS namespace
          ON CASE WHEN used.schema IS NULL THEN namespace.nspname = ANY (${path}::name[])
                  ELSE namespace.nspname = used.schema END
    ), reached (statement, class, oid) AS (
      SELECT meant.statement, 'pg_class'::regclass::oid, relation.oid
        FROM meant
        JOIN pg_class AS relation ON relation.relnamespace = meant.namespace AND relation.relname = meant.name
       WHERE meant.as = 'other'
      UNION
      SELECT meant.statement, 'pg_proc'::regclass::oid, function.oid
        FROM meant
        JOIN pg_proc AS function ON function.pronamespace = meant.namespace AND function.proname = meant.name
       WHERE meant.as = 'call'
      UNION
      SELECT meant.statement, 'pg_operator'::regclass::oid, operator.oid
        FROM meant
        JOIN pg_operator AS operator ON operator.oprnamespace = meant.namespace AND operator.oprname = meant.name
       WHERE meant.as = 'operator'
         -- One of a type that the query has nothing of cannot be meant.
         AND NOT EXISTS (
           SELECT FROM pg_type AS type
            WHERE type.oid IN (operator.oprleft, operator.oprright)
              AND type.typnamespace <> 'pg_catalog'::regnamespace
              AND NOT EXISTS (SELECT FROM used WHERE used.statement = meant.statement AND used.name = type.typname)
              AND NOT EXISTS (
                SELECT FROM meant AS other
                  JOIN pg_class AS relation ON relation.relnamespace = other.namespace AND relation.relname = other.name
                  JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
                 WHERE other.statement = meant.statement AND attribute.atttypid = type.oid))
      UNION
      SELECT reached.statement, step.class, step.oid
        FROM reached
       CROSS JOIN LATERAL (
         SELECT depend.refclassid AS class, depend.refobjid AS oid
           FROM pg_depend AS depend
          WHERE depend.classid = reached.class AND depend.objid = reached.oid
            AND reached.class <> 'pg_class'::regclass
            AND depend.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
          UNION ALL
         SELECT 'pg_rewrite'::regclass::oid, rule.oid
           FROM pg_rewrite AS rule
           JOIN pg_class AS view ON view.oid = rule.ev_class AND view.relkind = 'v'
          WHERE reached.class = 'pg_class'::regclass AND rule.ev_class = reached.oid
          UNION ALL
         SELECT 'pg_policy'::regclass::oid, policy.oid
           FROM pg_policy AS policy
          WHERE reached.class = 'pg_class'::regclass AND policy.polrelid = reached.oid
       ) AS step
    )`
}

/**
 * The volatile functions that each statement may run, by its place, and which may write therefore; PostgreSQL's own and those of
 * extensions are not among them.
 */
export async function volatileCode(sql: ISql, statements: readonly string[]): Promise<Map<number, string[]>> {
  const path = await schemasOf(sql)
  await useOwnNames(sql)
  const found = await sql<{ statement: number; codes: string[] }[]>`
    WITH RECURSIVE ${reached(sql, statements, path)}
    SELECT reached.statement,
           to_json((array_agg(function.oid::regprocedure::text ORDER BY function.proname))[:${MOST}]) AS codes
      FROM reached
      JOIN pg_proc AS function ON reached.class = 'pg_proc'::regclass AND function.oid = reached.oid
     WHERE function.provolatile = 'v' AND function.oid >= 16384
       AND NOT EXISTS (
         SELECT FROM pg_depend AS depend
          WHERE depend.classid = 'pg_proc'::regclass AND depend.objid = function.oid AND depend.deptype = 'e')
     GROUP BY 1`
  return new Map(found.map(({ statement, codes }) => [statement, codes]))
}
