import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../demo/port.ts'
import type { Postgres } from '../demo/postgres.ts'
import { residentBytes } from './memory.ts'
import { Program, startOptions } from './program.ts'
import { compareSizes, compareTimes, type Findings, type Say } from './row.ts'
import { createSeries } from './series.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Milliseconds and bytes. */
const GOALS = { page: 400, values: 600, idle: 110e6 }
/** Starts for the compile cache, and starts that are measured. */
const WARM = 1
const STARTS = 3
/** Milliseconds for which a process has been idle when it is called so, and between two looks at the page. */
const IDLE = 2000
const LOOK = 5

interface Started {
  readonly page: number
  readonly values: number
  readonly idle: number
}

/** How long the service takes from its start to what it shows, and what it takes of memory beside a bare server. */
export async function benchStart(server: Postgres, say: Say): Promise<Findings> {
  const url = await createSeries(server, 10)
  say(`Starting the service ${WARM + STARTS} times`)
  const starts: Started[] = []
  const peers: number[] = []
  for (let i = 0; i < WARM + STARTS; i++) {
    const started = await start(url)
    if (i < WARM) continue
    starts.push(started)
    peers.push(await peer(url))
  }
  const ours = (of: keyof Started) => starts.map((started) => started[of])
  const most = { atMost: 1 }
  return {
    rows: [
      compareTimes('From the start to the first page', [ours('page'), ''], [GOALS.page, 'the goal'], most),
      compareTimes(
        'From the start to the values of the first round',
        [ours('values'), ''],
        [GOALS.values, 'the goal'],
        most,
      ),
      compareSizes('Resident memory, 10 series, idle', [ours('idle'), ''], [GOALS.idle, 'the goal'], most),
      compareSizes(
        'Resident memory, 10 series, idle',
        [ours('idle'), ''],
        [peers, 'of Fastify with fastify-metrics and a session of postgres'],
        { atMost: 1.1 },
      ),
    ],
    notes: [],
  }
}

/** Starts the service as `npm start` does, until it has been idle for a while. */
async function start(url: string): Promise<Started> {
  const { flags, env } = await startOptions()
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, [...flags, 'src/server.ts', '--folder', 'bench/collectors'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      ...env,
      DATABASE_URL: url,
      HOST: '127.0.0.1',
      PORT: String(port),
      DEBUG_PORT: String(await freePort()),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  const until = async (text: string) => {
    for (;;) {
      const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (response) => response.text(),
        () => '',
      )
      if (page.includes(text)) return performance.now() - began
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
      await delay(LOOK)
    }
  }
  try {
    const page = await until('# TYPE collector_success')
    const values = await until('\ncollector_success{collector="customers"} 1\n')
    await delay(IDLE)
    return { page, values, idle: await residentBytes(child.pid ?? 0) }
  } finally {
    // It writes the compile cache when it ends by itself.
    child.kill('SIGTERM')
    await exited
  }
}

/** The resident memory of a bare server, once scraped. */
async function peer(url: string): Promise<number> {
  const { flags, env } = await startOptions()
  const program = await Program.start('peer.ts', { flags, env, args: [url] })
  try {
    await fetch(`http://127.0.0.1:${program.port}/metrics`).then((response) => response.text())
    await delay(IDLE)
    return await residentBytes(program.pid)
  } finally {
    await program.stop()
  }
}
