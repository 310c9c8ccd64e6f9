import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import type { Postgres } from '../../demo/postgres.ts'
import { leash } from '../leash.ts'

export interface Pooler {
  /** The database `postgres` through it, as the superuser. */
  readonly url: string
  readonly endpoint: string
  start(): Promise<void>
  /** Ends it at once, and with it every connection. */
  stop(): Promise<void>
  /** Makes it lead to another server, which has the password of the first. Connections to the first are closed after use. */
  lead(server: Postgres): Promise<void>
  /** What it logged since it was started last. */
  log(): string
}

export interface PoolerOptions {
  /** `transaction` unless it says so. */
  readonly mode?: 'session' | 'transaction' | 'statement'
  /** `scram-sha-256` unless it says so. */
  readonly auth?: 'scram-sha-256' | 'md5' | 'trust'
  /** More lines. */
  readonly settings?: string
}

/**
 * pgbouncer in front of a server. Nothing else need be set, `ignore_startup_parameters` neither.
 * A `default_pool_size` (20 unless set) of 1 is enough; COLLECTOR_CONCURRENCY is what makes no collector wait.
 * https://www.pgbouncer.org/config.html#default_pool_size
 */
export async function startPooler(
  t: Test,
  postgres: Postgres,
  poolSize: number,
  { mode = 'transaction', auth = 'scram-sha-256', settings: more = '' }: PoolerOptions = {},
): Promise<Pooler> {
  const port = await freePort()
  const { password } = new URL(postgres.url)
  // A folder of the account that the server runs as: pgbouncer, too, refuses to run as root.
  const folder = dirname(postgres.dir)
  const { uid, gid } = statSync(postgres.dir)
  const [settings, users] = [join(folder, `pgbouncer-${port}.ini`), join(folder, `users-${port}.txt`)]
  writeFileSync(users, `"postgres" "${password}"\n`, { mode: 0o600 })
  const write = (server: Postgres) =>
    writeFileSync(
      settings,
      `
[databases]
* = host=127.0.0.1 port=${server.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = ${auth}
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = ${poolSize}
${more}
`,
      { mode: 0o600 },
    )
  write(postgres)
  const owner = process.getuid?.() === 0 ? { uid, gid } : {}
  if (owner.uid !== undefined) for (const path of [settings, users]) chownSync(path, uid, gid)
  let child: ChildProcess | undefined
  let log = ''

  async function start(): Promise<void> {
    const started = leash(spawn('pgbouncer', [settings], { ...owner, stdio: ['ignore', 'ignore', 'pipe'] }))
    child = started
    log = ''
    for (;;) {
      const [chunk] = await Promise.race([once(started.stderr, 'data'), once(started, 'exit')])
      log += chunk
      if (log.includes('process up')) break
      if (started.exitCode !== null) throw new Error(`pgbouncer ended with ${started.exitCode}:\n${log}`)
    }
    started.stderr.on('data', (chunk) => {
      log += chunk
    })
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async function lead(server: Postgres): Promise<void> {
    write(server)
    const read = () => log.split('re-reading').length
    const before = read()
    child?.kill('SIGHUP')
    while (read() === before && child?.stderr) await once(child.stderr, 'data')
  }

  t.teardown(stop)
  await start()
  const url = new URL(postgres.url)
  url.port = String(port)
  return { url: url.href, endpoint: `127.0.0.1:${port}`, start, stop, lead, log: () => log }
}
