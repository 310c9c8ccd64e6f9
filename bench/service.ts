import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { buildApp } from '../src/app.ts'
import { answer } from './answer.ts'

// The service with one collector, told from outside when to run a round; its environment is its configuration.

export type ServiceQuestion = { readonly ask: 'round' | 'watch' | 'delay' }
/** How long a round took, in milliseconds. */
export type RoundAnswer = { readonly time: number }
/** The longest time, in milliseconds, for which nothing else could run since the last question to watch that. */
export type DelayAnswer = { readonly longest: number }

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
      return {}
    case 'delay':
      return { longest: delay.max / 1e6 }
  }
}

answer({ port }, reply)
