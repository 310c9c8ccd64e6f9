import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../demo/port.ts'

export interface Exporter {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

const NAME = 'prometheus-sql-exporter'
/** What the package sets for its own service. */
const ENV = { GOGC: '40', GOMAXPROCS: '4', LOGLEVEL: 'WARN' }
/** Milliseconds to its first answer with every series. */
const PATIENCE = 20_000

/**
 * Starts prometheus-sql-exporter with one query that makes a number of series; undefined where it is not installed.
 * https://github.com/justwatchcom/sql_exporter
 */
export async function startExporter(url: string, series: number): Promise<Exporter | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-exporter-'))
  const file = join(folder, 'config.yml')
  await writeFile(file, configOf(url))
  const port = await freePort()
  const args = ['-config.file', file, '-web.listen-address', `127.0.0.1:${port}`]
  const metric = 'sql_business_customer_value'
  return runExporter({ name: NAME, args, env: ENV, port, folder, metric, series })
}

/** How to run an exporter: its folder is removed when it stops, and it is ready when it serves that number of series of a metric. */
interface Running {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly folder: string
  readonly metric: string
  readonly series: number
}

/** Runs an exporter; undefined where it is not installed. */
export async function runExporter(running: Running): Promise<Exporter | undefined> {
  const { name, args, env, port, folder } = running
  const child = spawn(name, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const stop = async () => {
    const ended = child.exitCode === null && child.pid !== undefined ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true })
  }
  try {
    await once(child, 'spawn')
    await serves(running)
    return { port, pid: child.pid ?? 0, stop }
  } catch (error) {
    await stop()
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Like the service, it asks once a minute, and a scrape is answered from what it has. */
function configOf(url: string): string {
  return `
jobs:
- name: customers
  interval: 1m
  connections: ['${url}?sslmode=disable']
  queries:
  - name: business_customer_value
    help: What a customer is worth.
    labels: [customer, plan]
    values: [value]
    query: SELECT customer, plan, value::float8 AS value FROM customers
`
}

async function serves({ name, port, metric, series }: Running): Promise<void> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (response) => response.text(),
      () => '',
    )
    const found = page.split('\n').filter((line) => line.startsWith(`${metric}{`)).length
    if (found === series) return
    if (performance.now() > deadline) throw new Error(`${name} serves ${found} of ${series} series`)
    await delay(200)
  }
}
