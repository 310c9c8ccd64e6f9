import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { runCommand } from '../src/config/arguments.ts'
import { checkPlace } from '../src/config/listen.ts'
import { progress as overwrite, print } from '../src/config/print.ts'
import { findingOf, renderFinding } from '../src/finding.ts'
import { startPostgres } from './postgres.ts'
import { hasPrometheus, type Prometheus, shippedFiles, startPrometheus } from './prometheus.ts'
import { seed } from './seed.ts'
import { startTraffic } from './traffic.ts'

const operations = 100_000
const { HOST = '0.0.0.0', PORT = '9993', DEBUG_HOST = '127.0.0.1', DEBUG_PORT = '6063' } = process.env
/** Milliseconds after which the pages are shown before all values are there. */
const PATIENCE = 15_000
/** Milliseconds that the service has to stop: more than it takes at most. */
const GRACE = 20_000
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const stopping = new AbortController()
let service: ChildProcess | undefined
let firstSignal = 0

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const now = performance.now()
    if (!stopping.signal.aborted) {
      firstSignal = now
      stopping.abort()
    } else if (now - firstSignal > 500) {
      // npm passes on a Ctrl-C that the terminal has sent here already, so only a later one is the user's second.
      process.exit(128 + constants.signals[signal])
    }
  })
}
// Nobody is reading any more: the terminal is gone, or the other end of a pipe.
process.stdout.on('error', () => stopping.abort())
process.on('exit', () => service?.kill('SIGKILL'))

const COMMAND = {
  usage: `Usage: npm run demo -- [option …]

Starts a PostgreSQL with data and live traffic, and the service that collects from it. Ctrl-C ends and removes it all.

  --prometheus  start a Prometheus that scrapes the service, too
  --help        show this
`,
  options: { prometheus: { type: 'boolean', default: false } },
  allowPositionals: false,
} as const

try {
  process.exitCode = await runCommand(process.argv.slice(2), process, COMMAND, ({ values }) =>
    demo(values.prometheus),
  )
} catch (error) {
  if (!stopping.signal.aborted) throw error
}

/** Runs until the user or the service ends it. Resolves to the exit code. */
async function demo(watched: boolean): Promise<number> {
  if (watched && !hasPrometheus()) {
    say('prometheus is not installed: install the Debian package prometheus, or leave --prometheus out')
    return 1
  }
  try {
    await checkPlaces()
  } catch (error) {
    say(`The demo cannot start: ${renderFinding(findingOf(error))}`)
    return 1
  }
  say('Starting PostgreSQL')
  const database = await startPostgres()
  try {
    await fill(database.url)
    const traffic = startTraffic(database.url)
    let prometheus: Prometheus | undefined
    try {
      if (watched) prometheus = await scrape()
      return await serve(database.url, prometheus?.url)
    } finally {
      await Promise.all([traffic.stop(), prometheus?.destroy()])
    }
  } finally {
    say('Removing PostgreSQL')
    await database.destroy()
  }
}

/** Looks whether the service will find its ports free, before anything takes time. Rejects with what to set. */
async function checkPlaces(): Promise<void> {
  await checkPlace({ host: HOST, port: Number(PORT) }, { host: 'HOST', port: 'PORT' })
  await checkPlace({ host: DEBUG_HOST, port: Number(DEBUG_PORT) }, { host: 'DEBUG_HOST', port: 'DEBUG_PORT' })
}

async function fill(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  // Without its connection the seed fails at once, so a Ctrl-C need not wait for it.
  const abort = () => sql.end({ timeout: 0 })
  stopping.signal.throwIfAborted()
  stopping.signal.addEventListener('abort', abort)
  try {
    await sql.file(file('schema.sql'))
    progress(0)
    await seed(sql, { operations, onProgress: progress })
  } finally {
    if (process.stdout.isTTY) say('')
    stopping.signal.removeEventListener('abort', abort)
    await sql.end({ timeout: 0 })
  }
}

/** Starts a Prometheus with the shipped rules, for the service that will follow. */
async function scrape(): Promise<Prometheus> {
  stopping.signal.throwIfAborted()
  say('Starting Prometheus')
  const files = await shippedFiles(`${reachable(HOST)}:${PORT}`)
  // As often as the demo ticks, which is more often than in production.
  const config = files['prometheus.yml']?.replaceAll('30s', '5s') ?? ''
  const prometheus = await startPrometheus({ ...files, 'prometheus.yml': config }, { port: 9090 })
  prometheus.ended.then((error) => {
    if (!stopping.signal.aborted && service !== undefined) say(error.message)
  })
  return prometheus
}

/** Runs the service against the database, and resolves to its exit code, or 0 when it was the user who ended it. */
async function serve(url: string, prometheus: string | undefined): Promise<number> {
  stopping.signal.throwIfAborted()
  const { DATABASE_URL_FILE: _, ...env } = process.env
  const child = spawn(process.execPath, [file('../src/server.ts')], {
    env: { METRICS_TICK_DURATION: '5s', LOG_FORMAT: 'pretty', ...env, DATABASE_URL: url },
    stdio: 'inherit',
    // Out of reach of the terminal's Ctrl-C: the service is to be stopped once, and before its database.
    detached: true,
  })
  service = child
  const stop = () => {
    child.kill('SIGTERM')
    // It ends by itself in less, whatever it waits for. This one may be beyond that.
    setTimeout(() => child.kill('SIGKILL'), GRACE).unref()
  }
  stopping.signal.addEventListener('abort', stop)
  const ended = new AbortController()
  const exit = once(child, 'exit').finally(() => ended.abort())
  say('Starting the service')
  announce(url, prometheus, ended.signal)
  const [code, signal] = await exit
  service = undefined
  if (stopping.signal.aborted) return 0
  say(`The service ended by itself: ${signal ?? code}`)
  return code ?? 1
}

/** Says where to look as soon as there are values to see, unless the service has ended first. */
async function announce(url: string, prometheus: string | undefined, ended: AbortSignal): Promise<void> {
  const base = `http://${reachable(HOST)}:${PORT}`
  const started = performance.now()
  // Whoever has broken a collector, or a slow machine, shall see that, too.
  const path = () => (performance.now() - started < PATIENCE ? 'readyz' : 'healthz')
  while (!(await answers(`${base}/${path()}`))) {
    if (ended.aborted) return
    await delay(100)
  }
  if (ended.aborted) return
  const places = [`${base}/metrics`, `${base}/readyz`, `${base}/`]
  const hasDebug = Number(DEBUG_PORT) !== 0
  if (hasDebug) places.unshift(`http://${reachable(DEBUG_HOST)}:${DEBUG_PORT}/debug`)
  if (prometheus !== undefined) {
    // Debian's has the older pages only.
    const alerts = (await answers(`${prometheus}/alerts`)) ? 'alerts' : 'classic/alerts'
    places.push(prometheus, `${prometheus}/${alerts}`)
  }
  say(
    [
      '',
      hasDebug ? 'Open, the first one first: it is renewed every few seconds' : 'Open',
      ...places,
      '',
      'Ask the database',
      `psql ${url}`,
      '',
      'Ctrl-C ends it all.',
      '',
    ].join('\n  '),
  )
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** Where a browser finds what listens on this host. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function progress(done: number): void {
  const line = `Seeding: ${done.toLocaleString('en')} of ${operations.toLocaleString('en')} operations`
  if (!process.stdout.isTTY) say(line)
  else overwrite(process.stdout, line)
}

function say(text: string): void {
  print(process.stdout, `${text}\n`)
}
