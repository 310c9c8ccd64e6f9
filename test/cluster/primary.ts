import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import { answered, onServer } from './session.ts'

/** Milliseconds for a commit, which waits for a standby. */
const PATIENCE = 5000
/** Classes of what is wrong with a statement, or its values: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MISTAKE = /^(?:22|23|42)/
/** Milliseconds after all members have been asked. */
const PACE = 100

/** Runs this on the primary, again until it succeeds, and returns the member that it was. Rejects when it is a mistake. */
export async function writeTo(cluster: Cluster, work: (sql: Sql) => PromiseLike<unknown>): Promise<Member> {
  for (;;) {
    for (const member of cluster.members) {
      try {
        await onServer(cluster.url([member.endpoint]), (sql) => answered(work(sql), PATIENCE))
        return member
      } catch (error) {
        // Otherwise it is a standby, or does not answer, or cannot commit.
        if (error instanceof postgres.PostgresError && MISTAKE.test(error.code)) throw error
      }
    }
    await delay(PACE)
  }
}
