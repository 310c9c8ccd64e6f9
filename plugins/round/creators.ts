// Says who decides what the names in a query mean. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import type { Finding } from '../../src/finding.ts'
import { schemasOf, useOwnNames } from './own-names.ts'

/**
 * Warns of each role that may create in a schema of the search_path and is not the schema's owner, a superuser or our own
 * role. https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS
 */
export async function creators(sql: ISql): Promise<Finding[]> {
  const path = await schemasOf(sql)
  await useOwnNames(sql)
  const found = await sql<{ schema: string; role: string }[]>`
    SELECT quote_ident(namespace.nspname) AS schema, coalesce(quote_ident(role.rolname), 'PUBLIC') AS role
      FROM pg_namespace AS namespace
     CROSS JOIN aclexplode(namespace.nspacl) AS acl
      LEFT JOIN pg_roles AS role ON role.oid = acl.grantee
     WHERE namespace.nspname = ANY (${path}::name[]) AND acl.privilege_type = 'CREATE'
       AND acl.grantee <> namespace.nspowner
       AND NOT coalesce(role.rolsuper OR role.rolname = current_user, false)
     ORDER BY 1, 2`
  return found.map(({ schema, role }) => ({
    problem: `${role} may create in schema ${schema} of the search_path, and so decide what names in a query mean`,
    advice: `write: REVOKE CREATE ON SCHEMA ${schema} FROM ${role}`,
  }))
}
