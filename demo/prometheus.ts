import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { guardFolder } from './guard.ts'
import { freePort } from './port.ts'

/** A throwaway Prometheus. It lives no longer than the process that started it, however that ends. */
export interface Prometheus {
  /** Where its pages and its HTTP API are, on 127.0.0.1. */
  readonly url: string
  /** Resolves to an error with its log when it has ended without having been told to. */
  readonly ended: Promise<Error>
  /** Everything that it logged. */
  log(): string
  /** Halts it, or has it go on: connections stay open, and nothing answers. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Kills it, for as long as it is not started again with what it had stored. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and deletes its folder. */
  destroy(): Promise<void>
}

/** Files of a configuration by their paths; the one that Prometheus reads is `prometheus.yml`. */
export type Files = Readonly<Record<string, string>>

const shipped = new URL('../deploy/prometheus/', import.meta.url)

/** The configuration and the rules of `deploy/prometheus`, for a service at this host:port. */
export async function shippedFiles(target: string): Promise<Files> {
  const rules = await readdir(new URL('rules/', shipped))
  const files = await Promise.all(
    ['prometheus.yml', ...rules.map((name) => `rules/${name}`)].map(async (path) => {
      const text = await readFile(new URL(path, shipped), 'utf8')
      return [path, text.replace('metrics-service:9993', target)] as const
    }),
  )
  return Object.fromEntries(files)
}

export function hasPrometheus(): boolean {
  return spawnSync('prometheus', ['--version']).error === undefined
}

export interface PrometheusOptions {
  /** What it listens on if nobody else does; a free one otherwise, and by default. */
  readonly port?: number
  /** More arguments. */
  readonly args?: readonly string[]
}

/**
 * Starts it with these files. Resolves when it answers.
 * @throws Error with its log when it ends instead
 */
export async function startPrometheus(files: Files, options: PrometheusOptions = {}): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-prometheus-'))
  const guard = guardFolder(folder)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const listen = `127.0.0.1:${await freePort(options.port)}`
  const url = `http://${listen}`
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${listen}`,
    ...(options.args ?? []),
  ]
  const { promise: ended, resolve } = Promise.withResolvers<Error>()
  let log = ''
  let current = run()

  function run() {
    // A group of its own: a terminal's Ctrl-C is for the process that started it.
    const child = spawn('prometheus', args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    guard.watch(child.pid)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
    const closed = once(child, 'close').then(
      ([code, signal]) => new Error(`Prometheus ended with ${signal ?? code}:\n${log.trim()}`),
      (cause) => new Error('prometheus cannot be run', { cause }),
    )
    const running = { child, closed, gone: undefined as Error | undefined, killed: false }
    closed.then((error) => {
      guard.watch(undefined)
      running.gone = error
      if (!running.killed) resolve(error)
    })
    return running
  }

  async function kill(): Promise<void> {
    current.killed = true
    current.child.kill('SIGKILL')
    await current.closed
  }

  async function ready(): Promise<void> {
    while (!(await isReady(url))) {
      if (current.gone !== undefined) throw current.gone
      await delay(50)
    }
  }

  async function destroy(): Promise<void> {
    await kill()
    resolve(await current.closed)
    await rm(folder, { recursive: true, force: true })
    await guard.dismiss()
  }

  try {
    await ready()
  } catch (error) {
    await destroy()
    throw error
  }
  return {
    url,
    ended,
    log: () => log,
    signal: (signal) => current.child.kill(signal),
    kill,
    start() {
      current = run()
      return ready()
    },
    destroy,
  }
}

/** https://prometheus.io/docs/prometheus/latest/management_api/#readiness-check */
async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/-/ready`)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
