import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'

/** A server that follows a primary, of which its data is a copy: the primary is stopped for it, and started again. */
export async function createStandby(
  t: Test,
  primary: Postgres,
  env: Readonly<Record<string, string>> = {},
): Promise<Postgres> {
  const standby = await startPostgres({ env })
  t.teardown(() => standby.destroy())
  await Promise.all([primary.stop(), standby.stop()])
  rmSync(standby.dir, { recursive: true })
  cpSync(primary.dir, standby.dir, { recursive: true, verbatimSymlinks: true })
  const { username, password } = new URL(primary.url)
  const source = `host=127.0.0.1 port=${primary.port} user=${username} password=${password}`
  appendFileSync(join(standby.dir, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  writeFileSync(join(standby.dir, 'standby.signal'), '')
  const { uid, gid } = statSync(primary.dir)
  chmodSync(standby.dir, 0o700)
  own(standby.dir, uid, gid)
  for (const path of readdirSync(standby.dir, { recursive: true, encoding: 'utf8' })) {
    own(join(standby.dir, path), uid, gid)
  }
  await Promise.all([primary.start(), standby.start()])
  return standby
}

/** Gives a file to the account that the servers run as, which is not this one when this is root. */
function own(path: string, uid: number, gid: number): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid)
}
