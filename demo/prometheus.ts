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
  /** Resolves to an error with its log when it has ended. */
  readonly ended: Promise<Error>
  /** Everything that it logged. */
  log(): string
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

/**
 * Starts it with these files. Resolves when it answers.
 * @param options.port that it listens on if nobody else does; a free one otherwise, and by default
 * @throws Error with its log when it ends instead
 */
export async function startPrometheus(files: Files, options: { port?: number } = {}): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-prometheus-'))
  const guard = guardFolder(folder)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const listen = `127.0.0.1:${await freePort(options.port)}`
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${listen}`,
    ],
    // A group of its own: a terminal's Ctrl-C is for the process that started it.
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  guard.watch(child.pid)
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
  let gone: Error | undefined
  const ended = once(child, 'close')
    .then(
      ([code, signal]) => new Error(`Prometheus ended with ${signal ?? code}:\n${log.trim()}`),
      (cause) => new Error('prometheus cannot be run', { cause }),
    )
    .then((error) => {
      guard.watch(undefined)
      gone = error
      return error
    })

  async function destroy(): Promise<void> {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
    await guard.dismiss()
  }

  const url = `http://${listen}`
  while (!(await isReady(url))) {
    if (gone !== undefined) {
      await destroy()
      throw gone
    }
    await delay(50)
  }
  return { url, ended, log: () => log, destroy }
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
