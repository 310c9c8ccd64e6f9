import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { type Postgres, startPostgres } from '../demo/postgres.ts'
import { benchPages } from './pages.ts'
import { benchRounds } from './rounds.ts'
import { type Findings, formatTable } from './row.ts'
import { benchScrapes } from './scrapes.ts'
import { benchStart } from './start.ts'
import { benchWindows } from './windows.ts'

/** Operations of the larger table: enough to show that their number does not matter, in a time that one waits. */
const OPERATIONS = 2_000_000

const RESULTS = new URL('results.md', import.meta.url)

const say = (line: string) => process.stderr.write(`${line}\n`)

/** What can be measured alone: `npm run bench -- rounds`. Only a whole run is written to the results. */
const PARTS: Readonly<Record<string, () => Promise<Findings>>> = {
  scrapes: () => onServer((server) => benchScrapes(server, say)),
  rounds: () => onServer((server) => benchRounds(server, say)),
  start: () => onServer((server) => benchStart(server, say)),
  pages: () => benchPages(say),
  windows: async () => ({ rows: await benchWindows(say, OPERATIONS), notes: [] }),
}

const started = performance.now()
const named = process.argv.slice(2)
const findings: Findings[] = []
for (const name of named.length > 0 ? named : Object.keys(PARTS)) {
  const part = PARTS[name]
  if (part === undefined) throw new Error(`there is no part "${name}": ${Object.keys(PARTS).join(', ')}`)
  findings.push(await part())
}
const table = formatTable(findings.flatMap(({ rows }) => rows))
const notes = findings.flatMap(({ notes }) => notes)
process.stdout.write(`${[table, ...notes].join('\n\n')}\n`)
if (named.length === 0) await writeFile(RESULTS, `${[...head(), table, ...notes].join('\n\n')}\n`)
say(`${((performance.now() - started) / 1000).toFixed(0)} s`)

async function onServer(measure: (server: Postgres) => Promise<Findings>): Promise<Findings> {
  const server = await startPostgres()
  try {
    return await measure(server)
  } finally {
    await server.destroy()
  }
}

/** What is measured, where and how. */
function head(): string[] {
  const cpus = os.cpus()
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB of memory`
  return [
    '# What it costs',
    `\`npm run bench\` on ${new Date().toISOString().slice(0, 10)}.`,
    `${cpus[0]?.model.trim()}, ${cpus.length} cores, ${memory}, ${os.type()} ${os.release()} ${os.machine()}, Node.js ${process.version}.`,
    'Every row is a ratio of two measures of one run, taken in turns and each the median of several, or of a measure and a goal. ' +
      'Servers, load and database share the machine. The servers are processes of their own; the service runs as `npm start` runs it.',
  ]
}
