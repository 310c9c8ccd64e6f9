// Says whether a collector is for the server that a round asks. Imports src/ only.
import type { Sql } from 'postgres'
import type { Collector } from '../../src/contract/collector.ts'
import type { Begun } from '../../src/query/db.ts'
import { whyIdle } from '../../src/round/idle.ts'

/** Why a collector does not run on the server of a transaction; undefined when it does. Only one with versions asks for it. */
export async function idleOn(
  collector: Pick<Collector, 'versions' | 'role'>,
  sql: Sql,
  { inRecovery }: Begun,
): Promise<string | undefined> {
  const other = whyIdle(collector, { inRecovery, version: undefined })
  if (collector.versions === undefined || other !== undefined) return other
  return whyIdle(collector, { inRecovery, version: await versionOf(sql) })
}

/** The version of a server, as it reports it. */
export async function versionOf(sql: Sql): Promise<string> {
  const [row] = await sql<
    [{ version: string }]
  >`SELECT pg_catalog.current_setting('server_version') AS version`
  return row.version
}
