// Says whose code a query runs. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import type { Finding } from '../../src/finding.ts'
import { schemasOf, useOwnNames } from './own-names.ts'
import { reached } from './reached.ts'

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
    WITH RECURSIVE ${reached(sql, [statement], path)}
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
