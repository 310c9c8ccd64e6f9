import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { buildApp } from '../src/app.ts'
import { answer } from './answer.ts'
import { coreTime } from './core-time.ts'

// The service with one collector, told from outside when to run a round; its environment is its configuration.

export type ServiceQuestion = { readonly ask: 'round' | 'watch' | 'delay' }
/** How long a round took, in milliseconds. */
export type RoundAnswer = { readonly time: number }
/**
 * The longest time for which nothing else could run since the last question to watch that, and the longest turn of the event
 * loop in time of the core: what others take the core for is not in it. Milliseconds.
 */
export type DelayAnswer = { readonly longest: number; readonly turn: number }

const app = await buildApp({ folder: fileURLToPath(new URL('collectors', import.meta.url)) })
const [database] = app.databases
if (database === undefined) throw new Error('there is no database')
const { round, ticker } = database
await app.listen({ host: app.config.HOST, port: app.config.PORT })
await ticker.start()
await round.settled()

const delay = monitorEventLoopDelay({ resolution: 1 })
const { port } = app.server.address() as AddressInfo
let tick = ticker.tick
let turn = 0
let watching: NodeJS.Timeout | undefined

/** Takes the time of the core at each turn that a timer gets. */
function watchTurns(): NodeJS.Timeout {
  turn = 0
  let before = process.threadCpuUsage()
  return setInterval(() => {
    turn = Math.max(turn, coreTime(process.threadCpuUsage(before)))
    before = process.threadCpuUsage()
  }, 1)
}

async function reply({ ask }: ServiceQuestion): Promise<RoundAnswer | DelayAnswer | Record<never, never>> {
  switch (ask) {
    case 'round': {
      const started = performance.now()
      await round.run(++tick)
      return { time: performance.now() - started }
    }
    case 'watch':
      delay.enable()
      delay.reset()
      watching = watchTurns()
      return {}
    case 'delay':
      clearInterval(watching)
      return { longest: delay.max / 1e6, turn }
  }
}

answer({ port }, reply)
