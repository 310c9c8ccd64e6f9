import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { startPostgres } from '../demo/postgres.ts'
import type { Cost, Load } from './databases/service.ts'

/*
 * What a database costs the service, by how many there are and how many series each has: the slopes between loads are
 * the constants of docs/scaling.md. Each load is a process of its own.
 */
const LOADS: readonly Load[] = [
  { databases: 1, collectors: 10, series: 10 },
  { databases: 100, collectors: 10, series: 10 },
  { databases: 300, collectors: 10, series: 10 },
  { databases: 100, collectors: 10, series: 100 },
  { databases: 100, collectors: 20, series: 10 },
  { databases: 100, collectors: 10, series: 10, election: true },
]
const HEADINGS = [
  'Databases',
  'Collectors of each',
  'Series of each collector',
  'Start',
  'Memory',
  'Heap',
  'Core time of a round',
  'Lines of the page',
  'Core time of a page after a round',
  'Core time of a look, and its answer',
]

const server = await startPostgres({ flags: ['-c', 'max_connections=1000'] })
try {
  const sql = postgres(server.url, { max: 1, onnotice: () => {} })
  await sql`CREATE TABLE orders AS SELECT 'state ' || n AS state FROM generate_series(0, 99) AS n`
  await sql.end()
  process.stdout.write(`| ${HEADINGS.join(' | ')} |\n|${' --: |'.repeat(HEADINGS.length)}\n`)
  for (const load of LOADS) {
    const { start, memory, heap, round, lines, page, look, answer } = await measure({
      ...load,
      url: server.url,
    })
    const cells = [
      load.databases,
      load.collectors,
      load.series,
      `${start.toFixed(0)} ms`,
      `${memory.toFixed(0)} MB`,
      `${heap.toFixed(0)} MB`,
      `${round.toFixed(1)} ms`,
      lines,
      `${page.toFixed(1)} ms`,
      load.election ? `${look.toFixed(2)} ms, ${answer.toFixed(2)} ms` : '',
    ]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
} finally {
  await server.destroy()
}

async function measure(load: Load & { url: string }): Promise<Cost> {
  const path = fileURLToPath(new URL('databases/service.ts', import.meta.url))
  const execArgv = ['--expose-gc', '--max-semi-space-size=4', '--heap-growing-percent=100']
  const env = { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '32768' }
  const child: ChildProcess = fork(path, [JSON.stringify(load)], { execArgv, env })
  const [cost] = await once(child, 'message')
  await once(child, 'exit')
  return cost as Cost
}
