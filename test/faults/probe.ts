import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a process holds. */
export interface Resources {
  /** What keeps the event loop alive, by kind. */
  readonly active: Readonly<Record<string, number>>
  /** Objects that are left after the garbage is gone, by what makes them. */
  readonly objects: Readonly<Record<string, number>>
  /** Listeners of the process and of its servers. */
  readonly listeners: number
  /** Bytes of the heap that are in use after the garbage is gone. */
  readonly heap: number
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Tells over HTTP what the process holds that loads this first, with `--import`, and goes on as it would without. */
const server = http.createServer(async (_request, response) => {
  collectGarbage()
  await delay(50)
  collectGarbage()
  response.end(JSON.stringify(resources()))
})
server.listen(0, '127.0.0.1', () => {
  server.unref()
  process.stdout.write(`probe on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})

function resources(): Resources {
  const active: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1
  const handles: readonly unknown[] = Reflect.get(process, '_getActiveHandles').call(process)
  const emitters = [process, ...handles.filter((handle) => handle instanceof net.Server)]
  const listeners = emitters.flatMap((emitter) =>
    emitter.eventNames().map((name) => emitter.listenerCount(String(name))),
  )
  const counted = { AbortSignal, AbortController, Promise, Map, Buffer }
  const objects = Object.entries(counted).map(([name, made]) => [
    name,
    queryObjects(made, { format: 'count' }),
  ])
  return {
    active,
    objects: Object.fromEntries(objects),
    listeners: listeners.reduce((sum, count) => sum + count, 0),
    heap: process.memoryUsage().heapUsed,
  }
}
