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
/** Milliseconds for which a process has been idle when it is called so: V8 gives back what it used some seconds later. */
const IDLE = 15_000
/** Milliseconds between two looks at the page. */
const LOOK = 5

interface Started {
  readonly page: number
  readonly values: number
  readonly pid: number
  /** Ends it. */
  stop(): Promise<void>
}

/** How long the service takes from its start to what it shows, and what it takes of memory beside a bare server. */
export async function benchStart(server: Postgres, say: Say): Promise<Findings> {
  const url = await createSeries(server, 10)
  say(`Starting the service ${WARM + STARTS} times`)
  for (let i = 0; i < WARM; i++) await (await start(url)).stop()
  const starts: Started[] = []
  const peers: Program<never>[] = []
  try {
    for (let i = 0; i < STARTS; i++) {
      starts.push(await start(url))
      peers.push(await startPeer(url))
    }
    await delay(IDLE)
    const resident = (pids: readonly number[]) => Promise.all(pids.map(residentBytes))
    return rowsOf(
      starts,
      await resident(starts.map(({ pid }) => pid)),
      await resident(peers.map(({ pid }) => pid)),
    )
  } finally {
    await Promise.all([...starts, ...peers].map((process) => process.stop()))
  }
}

function rowsOf(starts: readonly Started[], idle: readonly number[], peers: readonly number[]): Findings {
  const ours = (of: 'page' | 'values') => starts.map((started) => started[of])
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
      compareSizes('Resident memory, 10 series, idle', [idle, ''], [GOALS.idle, 'the goal'], most),
      compareSizes(
        'Resident memory, 10 series, idle',
        [idle, ''],
        [peers, 'of Fastify with fastify-metrics and a session of postgres'],
        { atMost: 1.1 },
      ),
    ],
    notes: [],
  }
}

/** Starts the service as `npm start` does. Resolves when it shows the values of its first round. */
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
  const stop = async () => {
    // It writes the compile cache when it ends by itself.
    child.kill('SIGTERM')
    await exited
  }
  try {
    const page = await until('# TYPE collector_success')
    const values = await until('\ncollector_success{collector="customers"} 1\n')
    return { page, values, pid: child.pid ?? 0, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts a bare server, and scrapes it once. */
async function startPeer(url: string): Promise<Program<never>> {
  const { flags, env } = await startOptions()
  const program = await Program.start<never>('peer.ts', { flags, env, args: [url] })
  await fetch(`http://127.0.0.1:${program.port}/metrics`).then((response) => response.text())
  return program
}
