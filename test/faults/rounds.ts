import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { buildApp } from '../../src/app.ts'

/** What a process holds. */
export interface Resources {
  /** Rounds that were started. */
  readonly rounds: number
  /** What keeps the event loop alive, by kind. */
  readonly active: Readonly<Record<string, number>>
  /** Objects that are left after the garbage is gone, by what makes them. */
  readonly objects: Readonly<Record<string, number>>
  /** Listeners of the process and of the server. */
  readonly listeners: number
  /** Bytes of the heap that are in use after the garbage is gone. */
  readonly heap: number
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/**
 * The service with the collectors of the folder that its argument names, which starts its rounds itself: one a second,
 * or between POST and DELETE /rounds a hundredth of a second after the last has ended. GET /resources tells what the process holds.
 */
const app = await buildApp({ folder: process.argv[2] ?? '' })
const [database] = app.databases
if (database === undefined) throw new Error('there is no database')
const { round, ticker } = database
let fast = false
let over = false
let rounds = 0

/** Of rounds with numbers so high no tick of the scheduler finds a collector due. */
async function run(): Promise<void> {
  await round.settled()
  while (!over) {
    await round.run(ticker.tick + ++rounds)
    // A page that is published anew before it is rendered is never rendered.
    await delay(fast ? 10 : 1000, undefined, { ref: false })
  }
}

app.post('/rounds', async () => {
  fast = true
  return { rounds }
})
app.delete('/rounds', async () => {
  fast = false
  return { rounds }
})
app.get('/resources', async (): Promise<Resources> => {
  collectGarbage()
  await delay(50)
  collectGarbage()
  const active: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1
  const emitters = [process, app.server]
  const listeners = emitters.flatMap((emitter) =>
    emitter.eventNames().map((name) => emitter.listenerCount(String(name))),
  )
  const counted = { AbortSignal, AbortController, Promise, Map, Buffer }
  const objects = Object.entries(counted).map(([name, made]) => [
    name,
    queryObjects(made, { format: 'count' }),
  ])
  return {
    rounds,
    active,
    objects: Object.fromEntries(objects),
    listeners: listeners.reduce((sum, count) => sum + count, 0),
    heap: process.memoryUsage().heapUsed,
  }
})

process.once('SIGTERM', () => {
  over = true
  void app.close()
})
await app.listen({ host: app.config.HOST, port: app.config.PORT })
app.log.info('listening')
await ticker.start()
void run()
