// GET /debug and its live updates. Imports src/ and its own folder only.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Setting } from '../../src/config/shown.ts'
import type { Database } from '../../src/database.ts'
import type { Reloads } from '../../src/round/reload.ts'
import { RESOLUTION } from './event-loop.ts'
import { type Fragments, fragmentsOf } from './fragments.ts'
import { overview } from './overview.ts'

/** Milliseconds between two refreshes while a page is open. */
const INTERVAL = 500
/** Pause after a refresh, as a multiple of its duration: with thousands of collectors a refresh takes long. */
const PAUSE_FACTOR = 10
/** The most pages that can be open at once. */
const MAX_PAGES = 50
/** Milliseconds after which a page reconnects. */
const RETRY = 1000

export interface LiveOptions {
  readonly databases: readonly Database[]
  /** The configuration as the page shows it. */
  readonly settings: readonly Setting[]
  /** The folder of collectors, which is there once the service is made. */
  reloads(): Reloads
}

/**
 * Serves GET /debug, and the events that keep it up to date:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function live(
  debug: FastifyInstance,
  { databases, settings, reloads }: LiveOptions,
): Promise<void> {
  /** The stream of each open page, and the fragments that it has, by id. */
  const pages = new Map<Readable, Map<string, string>>()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  let timer: NodeJS.Timeout | undefined

  function refresh(): void {
    clearTimeout(timer)
    const started = performance.now()
    const fragments = fragmentsOf(databases, delay, reloads())
    for (const [stream, sent] of pages) sendChanges(stream, sent, fragments)
    timer = setTimeout(refresh, Math.max(INTERVAL, PAUSE_FACTOR * (performance.now() - started)))
  }

  function removePage(stream: Readable): void {
    pages.delete(stream)
    if (pages.size > 0) return
    clearTimeout(timer)
    delay.disable()
  }

  debug.get('/debug', async (_request, reply) => {
    await reply.helmet()
    return reply
      .type('text/html; charset=utf-8')
      .send(overview(databases, settings, fragmentsOf(databases, delay, reloads())).text)
  })

  debug.get('/debug/live', { config: { costs: true } }, async (_request, reply) => {
    if (pages.size >= MAX_PAGES) {
      return reply.code(429).send({ error: `too many open pages: the limit is ${MAX_PAGES}` })
    }
    const stream = new Readable({ read() {} })
    stream.once('close', () => removePage(stream))
    stream.push(`retry: ${RETRY}\n\n`)
    if (pages.size === 0) {
      delay.reset()
      delay.enable()
    }
    pages.set(stream, new Map())
    refresh()
    // A kept-alive connection would delay the close of the listener.
    const headers = { 'cache-control': 'no-store', connection: 'close' }
    return reply.type('text/event-stream').headers(headers).send(stream)
  })

  // An event stream never ends by itself, and the close of the listener waits for it.
  debug.addHook('preClose', async () => {
    for (const stream of pages.keys()) stream.push(null)
  })
}

/** Sends a page the fragments that have changed. A page that does not read gets them once it does. */
function sendChanges(stream: Readable, sent: Map<string, string>, fragments: Fragments): void {
  if (stream.readableLength > stream.readableHighWaterMark) return
  const changed: Record<string, string> = {}
  for (const [id, { text }] of fragments) {
    if (sent.get(id) === text) continue
    sent.set(id, text)
    changed[id] = text
  }
  for (const id of sent.keys()) {
    if (fragments.has(id)) continue
    // A page that is told of what it does not have loads itself again.
    sent.delete(id)
    changed[`${id} is gone`] = ''
  }
  if (Object.keys(changed).length > 0) stream.push(`data: ${JSON.stringify(changed)}\n\n`)
}
