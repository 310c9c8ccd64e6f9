import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createCluster } from './cluster.ts'
import { family, send } from './family.ts'
import { freePort } from './port.ts'

/** A throwaway PostgreSQL. It lives no longer than the process that started it, however that ends. */
export interface Postgres {
  /** `postgres://…` URL of the database `postgres`, as its superuser `postgres`, on 127.0.0.1. */
  url: string
  port: number
  /** Data directory, in a fresh temporary folder. */
  dir: string
  /** URL of another database on this server. */
  urlOf(database: string): string
  /**
   * Stops the server and keeps the data: `fast` disconnects clients and shuts down cleanly, `immediate` leaves
   * recovery to the next start, `kill` is SIGKILL for every process. Resolves when they have exited.
   */
  stop(mode?: 'fast' | 'immediate' | 'kill'): Promise<void>
  /** Starts it again on the same port and data. Resolves when it accepts connections. */
  start(): Promise<void>
  /** Halts every process of the server: connections stay open, and nothing answers. */
  freeze(): void
  thaw(): void
  /** Stops the server and deletes its folder. May be called again. */
  destroy(): Promise<void>
}

// Nothing here has to outlive a crash of the machine, so nothing waits for the disk.
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=64MB',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_wal_size=2GB',
  // Files in the data directory, which go with it even when the server is killed.
  'dynamic_shared_memory_type=mmap',
  'timezone=UTC',
  'log_timezone=UTC',
]

// Another process may have taken a port that was free a moment ago; a killed server's last child may hold its memory.
const worthAnotherTry = /could not bind|pre-existing shared memory block/
const tries = 25

/**
 * Creates a cluster and starts it.
 * @param options.port a free one by default
 * @param options.flags further arguments of `postgres`, such as `['-c', 'max_connections=10']`
 * @param options.env further environment of `postgres`
 * @param options.installed the folder of other programs than those of the package from npm
 * @throws Error with the server's last log lines when it does not start
 */
export async function startPostgres(
  options: {
    port?: number
    flags?: string[]
    env?: Readonly<Record<string, string>>
    installed?: string
  } = {},
): Promise<Postgres> {
  const password = randomBytes(12).toString('hex')
  const cluster = await createCluster(password, options.installed)
  let port = options.port ?? (await freePort())
  let server: ChildProcess | undefined
  let destroyed: Promise<void> | undefined
  let settled = options.port !== undefined

  async function launch(): Promise<void> {
    const flags = [...settings.flatMap((setting) => ['-c', setting]), ...(options.flags ?? [])]
    const child = spawn(cluster.postgres, ['-D', cluster.dir, '-p', String(port), ...flags], {
      ...cluster.owner,
      cwd: cluster.folder,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: a terminal's Ctrl-C would otherwise stop the database before its users.
      detached: true,
    })
    server = child
    cluster.guard.watch(child.pid)
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-4_000)
        if (/ready to accept (read-only )?connections/.test(log)) resolve()
      })
      child.once('error', reject)
      // `close`, not `exit`: the server's own children hold its log too, so this is when the last has gone.
      child.once('close', (code, signal) => {
        server = undefined
        cluster.guard.watch(undefined)
        reject(new Error(`PostgreSQL ended with ${signal ?? code} on port ${port}:\n${log.trim()}`))
      })
    })
  }

  async function start(): Promise<void> {
    for (let attempt = 1; server === undefined; attempt++) {
      try {
        await launch()
        settled = true
      } catch (error) {
        if (attempt === tries || !worthAnotherTry.test(String(error))) throw error
        await delay(200)
        // Once its users know the port, it is waited for; before that, another one will do.
        if (!settled) port = await freePort()
      }
    }
  }

  async function stop(mode: 'fast' | 'immediate' | 'kill' = 'fast'): Promise<void> {
    const child = server
    if (child?.pid === undefined) return
    const closed = once(child, 'close')
    if (mode === 'kill') {
      // Halted first, so that the parent starts no child while they are being killed.
      freeze()
      for (const pid of family(child.pid)) send(pid, 'SIGKILL')
    } else {
      thaw()
      send(child.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    }
    await closed
  }

  function freeze(): void {
    if (server?.pid === undefined) return
    send(server.pid, 'SIGSTOP')
    for (const pid of family(server.pid)) send(pid, 'SIGSTOP')
  }

  function thaw(): void {
    for (const pid of family(server?.pid)) send(pid, 'SIGCONT')
  }

  async function remove(): Promise<void> {
    const patience = setTimeout(() => stop('kill'), 10_000)
    await stop('immediate')
    clearTimeout(patience)
    await cluster.remove()
  }

  function destroy(): Promise<void> {
    destroyed ??= remove()
    return destroyed
  }

  try {
    await start()
  } catch (error) {
    await destroy()
    throw error
  }
  const urlOf = (database: string) =>
    `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  return { url: urlOf('postgres'), port, dir: cluster.dir, urlOf, stop, start, freeze, thaw, destroy }
}
