import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import type { Postgres } from '../../demo/postgres.ts'
import { leash } from '../leash.ts'

export interface Pgpool {
  /** The database `postgres` through it, as the superuser, with this password. */
  readonly url: string
  readonly endpoint: string
  /** What it logged so far. */
  log(): string
  stop(): Promise<void>
}

/**
 * Pgpool-II in front of these servers, which all have the password of the first. Each gets the same part of the load unless
 * `settings` say otherwise. https://www.pgpool.net/docs/43/en/html/runtime-config.html
 */
export async function startPgpool(
  t: Test,
  servers: readonly [Postgres, ...Postgres[]],
  settings: Readonly<Record<string, string>> = {},
): Promise<Pgpool> {
  const [port, pcpPort] = [await freePort(), await freePort()]
  const [first] = servers
  const { password } = new URL(first.url)
  // A folder of the account that the servers run as: it has no need of root.
  const { uid, gid } = statSync(first.dir)
  const folder = join(dirname(first.dir), `pgpool-${port}`)
  mkdirSync(folder)
  const lines = {
    backend_clustering_mode: 'streaming_replication',
    listen_addresses: '127.0.0.1',
    port,
    pcp_port: pcpPort,
    socket_dir: folder,
    pcp_socket_dir: folder,
    wd_ipc_socket_dir: folder,
    pid_file_name: join(folder, 'pgpool.pid'),
    logdir: folder,
    work_dir: folder,
    enable_pool_hba: 'on',
    pool_passwd: join(folder, 'pool_passwd'),
    num_init_children: 8,
    max_pool: 1,
    sr_check_user: 'postgres',
    sr_check_password: password,
    sr_check_period: 1,
    // Seconds; a set of standbys has none, and it takes no client before it has given up.
    search_primary_node_timeout: 1,
    ...Object.fromEntries(
      servers.flatMap((server, i) => [
        [`backend_hostname${i}`, '127.0.0.1'],
        [`backend_port${i}`, server.port],
        [`backend_weight${i}`, 1],
        [`backend_flag${i}`, 'DISALLOW_TO_FAILOVER'],
      ]),
    ),
    ...settings,
  }
  const files = {
    'pgpool.conf': Object.entries(lines)
      .map(([name, value]) => `${name} = '${value}'\n`)
      .join(''),
    'pool_hba.conf': 'host all all 127.0.0.1/32 scram-sha-256\n',
    pool_passwd: `postgres:TEXT${password}\n`,
    'pcp.conf': '',
  }
  const owner = process.getuid?.() === 0 ? { uid, gid } : {}
  if (owner.uid !== undefined) chownSync(folder, uid, gid)
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    if (owner.uid !== undefined) chownSync(join(folder, name), uid, gid)
  }
  const child: ChildProcess = leash(
    spawn(
      'pgpool',
      [
        '-n',
        '-f',
        join(folder, 'pgpool.conf'),
        '-F',
        join(folder, 'pcp.conf'),
        '-a',
        join(folder, 'pool_hba.conf'),
      ],
      { ...owner, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  )
  let log = ''
  const ended = once(child, 'exit')
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGINT')
    await ended
  }
  t.teardown(stop)
  const ready = Promise.withResolvers<void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      log += chunk
      if (log.includes('pgpool-II successfully started')) ready.resolve()
    })
  }
  const gone = ended.then(() => {
    throw new Error(`pgpool ended:\n${log}`)
  })
  // It ends at some time, when nobody waits for it any more.
  gone.catch(() => {})
  await Promise.race([ready.promise, gone])
  const url = new URL(first.url)
  url.port = String(port)
  return { url: url.href, endpoint: `127.0.0.1:${port}`, log: () => log, stop }
}
