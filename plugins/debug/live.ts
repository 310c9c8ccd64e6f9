import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Setting } from '../../src/config/shown.ts'
import type { Database } from '../../src/database.ts'
import { type Fragments, fragmentsOf, RESOLUTION } from './fragments.ts'
import { overview } from './overview.ts'

/** Milliseconds between two looks at what has changed, while somebody watches. */
const BEAT = 500
/** How much longer it looks away than it looked: with thousands of collectors a look takes its time. */
const REST = 10
/** Pages that can be open at once. */
const WATCHERS = 50
/** Milliseconds that a page waits before it connects again. */
const RETRY = 1000

export interface LiveOptions {
  readonly databases: readonly Database[]
  /** The configuration, as the page shows it. */
  readonly settings: readonly Setting[]
}

/** GET /debug, and what keeps it up to date: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function live(debug: FastifyInstance, { databases, settings }: LiveOptions): Promise<void> {
  /** Each open page, and what it was told last. */
  const watchers = new Map<Readable, Map<string, string>>()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  let beat: NodeJS.Timeout | undefined

  function look(): void {
    clearTimeout(beat)
    const started = performance.now()
    const fragments = fragmentsOf(databases, delay)
    for (const [stream, told] of watchers) tell(stream, told, fragments)
    beat = setTimeout(look, Math.max(BEAT, REST * (performance.now() - started)))
  }

  function leave(stream: Readable): void {
    watchers.delete(stream)
    if (watchers.size > 0) return
    clearTimeout(beat)
    delay.disable()
  }

  debug.get('/debug', async (_request, reply) => {
    await reply.helmet()
    return reply
      .type('text/html; charset=utf-8')
      .send(overview(databases, settings, fragmentsOf(databases, delay)).text)
  })

  debug.get('/debug/events', async (_request, reply) => {
    if (watchers.size >= WATCHERS) {
      return reply.code(503).send({ error: `${WATCHERS} pages are open, which is as many as there can be` })
    }
    const stream = new Readable({ read() {} })
    stream.once('close', () => leave(stream))
    stream.push(`retry: ${RETRY}\n\n`)
    if (watchers.size === 0) {
      delay.reset()
      delay.enable()
    }
    watchers.set(stream, new Map())
    look()
    // A connection that outlived the close would hold it up.
    const headers = { 'cache-control': 'no-store', connection: 'close' }
    return reply.type('text/event-stream').headers(headers).send(stream)
  })

  // A stream has no end of its own that a close could wait for.
  debug.addHook('preClose', async () => {
    for (const stream of watchers.keys()) stream.push(null)
  })
}

/** Tells a page what is not as it was told last; one that does not read is told when it does. */
function tell(stream: Readable, told: Map<string, string>, fragments: Fragments): void {
  if (stream.readableLength > stream.readableHighWaterMark) return
  const news: Record<string, string> = {}
  for (const [id, { text }] of fragments) {
    if (told.get(id) === text) continue
    told.set(id, text)
    news[id] = text
  }
  if (Object.keys(news).length > 0) stream.push(`data: ${JSON.stringify(news)}\n\n`)
}
