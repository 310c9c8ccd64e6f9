// Says whose code a query runs. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import type { Finding } from '../../src/finding.ts'
import { usedNames } from '../../src/query/names.ts'
import { schemasOf, useOwnNames } from './own-names.ts'

/** The most functions that a warning is written for. */
const MOST = 10

/**
 * Warns of each function that a statement may run and that belongs to another role than ours or a superuser: it is called,
 * or is behind an operator, an aggregate, a view or a policy, however deep. Who owns it decides what our role does. One that
 * is SECURITY DEFINER runs as its owner, and so does not count.
 * https://www.postgresql.org/docs/current/catalog-pg-depend.html
 */
export async function foreignCode(sql: ISql, statement: string): Promise<Finding[]> {
  const path = await schemasOf(sql)
  await useOwnNames(sql)
  const found = await sql<{ code: string; kind: string; owner: string }[]>`
    WITH RECURSIVE used AS (
      SELECT used ->> 'schema' AS schema, used ->> 'name' AS name, used ->> 'as' AS as
        FROM json_array_elements(${JSON.stringify(usedNames(statement))}::text::json) AS used
    ), meant AS (
      SELECT used.name, used.as, namespace.oid AS namespace
        FROM used
        JOIN pg_namespace AS namespace
          ON CASE WHEN used.schema IS NULL THEN namespace.nspname = ANY (${path}::name[])
                  ELSE namespace.nspname = used.schema END
    ), reached (class, oid) AS (
      SELECT 'pg_class'::regclass::oid, relation.oid
        FROM meant
        JOIN pg_class AS relation ON relation.relnamespace = meant.namespace AND relation.relname = meant.name
       WHERE meant.as = 'other'
      UNION
      SELECT 'pg_proc'::regclass::oid, function.oid
        FROM meant
        JOIN pg_proc AS function ON function.pronamespace = meant.namespace AND function.proname = meant.name
       WHERE meant.as = 'call'
      UNION
      SELECT 'pg_operator'::regclass::oid, operator.oid
        FROM meant
        JOIN pg_operator AS operator ON operator.oprnamespace = meant.namespace AND operator.oprname = meant.name
       WHERE meant.as = 'operator'
         -- One of a type that the query has nothing of cannot be meant.
         AND NOT EXISTS (
           SELECT FROM pg_type AS type
            WHERE type.oid IN (operator.oprleft, operator.oprright)
              AND type.typnamespace <> 'pg_catalog'::regnamespace
              AND NOT EXISTS (SELECT FROM used WHERE used.name = type.typname)
              AND NOT EXISTS (
                SELECT FROM meant
                  JOIN pg_class AS relation ON relation.relnamespace = meant.namespace AND relation.relname = meant.name
                  JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
                 WHERE attribute.atttypid = type.oid))
      UNION
      SELECT step.class, step.oid
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
    )
    SELECT function.oid::regprocedure::text AS code,
           CASE WHEN function.prokind = 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS kind,
           quote_ident(role.rolname) AS owner
      FROM reached
      JOIN pg_proc AS function ON reached.class = 'pg_proc'::regclass AND function.oid = reached.oid
      JOIN pg_roles AS role ON role.oid = function.proowner
     WHERE NOT role.rolsuper AND role.rolname <> current_user AND NOT function.prosecdef
     ORDER BY 1
     LIMIT ${MOST}`
  return found.map(({ code, kind, owner }) => ({
    problem: `its query may run ${code}, which belongs to ${owner}: what that role writes there is run as the role of the service`,
    advice: `have a superuser own it, ALTER ${kind} ${code} OWNER TO …, or let it run as ${owner}, ALTER FUNCTION … SECURITY DEFINER`,
  }))
}
