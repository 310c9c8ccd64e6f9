// The pages that update themselves, and the stream of their updates. Imports src/ and its own folder only.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { CollectorView } from './collector-view.ts'
import { RESOLUTION } from './event-loop.ts'
import { type Fragments, fragmentsOf } from './fragments.ts'
import { find, textOf } from './links.ts'
import { overview } from './overview.ts'
import { lookAt, type Subject } from './subject.ts'

/** Milliseconds between two refreshes while a page is open. */
const INTERVAL = 500
/** Pause after a refresh, as a multiple of its duration: with thousands of collectors a refresh takes long. */
const PAUSE_FACTOR = 10
/** The most pages that can be open at once. */
const MAX_PAGES = 50
/** Milliseconds after which a page reconnects. */
const RETRY = 1000

/** What a page shows. A browser sends a field once, but anybody may send it twice. */
interface LiveRoute {
  Querystring: Partial<Record<'database' | 'collector' | 'search' | 'state' | 'sort', string | string[]>>
}

/** An open page: what renders it, and the fragments that it has, by id. */
interface OpenPage {
  readonly key: string
  readonly render: () => Fragments | Promise<Fragments>
  readonly sent: Map<string, string>
}

/**
 * Serves GET /debug, and the events that keep it and the pages of collectors up to date:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function live(debug: FastifyInstance, { subject }: { subject: Subject }): Promise<void> {
  const pages = new Map<Readable, OpenPage>()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  let timer: NodeJS.Timeout | undefined
  let refreshing = false

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    if (refreshing) return
    refreshing = true
    const started = performance.now()
    // Pages that show the same are rendered once.
    const rendered = new Map<string, Fragments>()
    for (const [stream, { key, render, sent }] of [...pages]) {
      const fragments = rendered.get(key) ?? (await render())
      rendered.set(key, fragments)
      sendChanges(stream, sent, fragments)
    }
    refreshing = false
    if (pages.size === 0) return
    timer = setTimeout(() => void refresh(), Math.max(INTERVAL, PAUSE_FACTOR * (performance.now() - started)))
  }

  function removePage(stream: Readable): void {
    pages.delete(stream)
    if (pages.size > 0) return
    clearTimeout(timer)
    delay.disable()
  }

  debug.get<LiveRoute>('/debug', async ({ query }, reply) => {
    const look = lookAt(subject, known(subject, query.database))
    await reply.helmet()
    const selection = { search: textOf(query.search), state: textOf(query.state) }
    return reply
      .type('text/html; charset=utf-8')
      .send(overview(look, fragmentsOf(look, delay), selection).text)
  })

  debug.get<LiveRoute>('/debug/live', { config: { costs: true } }, async ({ query }, reply) => {
    if (pages.size >= MAX_PAGES) {
      return reply.code(429).send({ error: `too many open pages: the limit is ${MAX_PAGES}` })
    }
    const database = known(subject, query.database)
    const found = find(subject.databases, textOf(query.collector), database)
    const stream = new Readable({ read() {} })
    stream.once('close', () => removePage(stream))
    stream.push(`retry: ${RETRY}\n\n`)
    if (pages.size === 0) {
      delay.reset()
      delay.enable()
    }
    if (found === undefined) {
      const render = () => fragmentsOf(lookAt(subject, database), delay)
      pages.set(stream, { key: `of ${database ?? 'all'}`, render, sent: new Map() })
    } else {
      const selection = { search: textOf(query.search), largest: query.sort === 'value' }
      const view = new CollectorView(subject, ...found, selection)
      pages.set(stream, { key: view.key, render: () => view.fragments(), sent: new Map() })
    }
    void refresh()
    // A kept-alive connection would delay the close of the listener.
    const headers = { 'cache-control': 'no-store', connection: 'close' }
    return reply.type('text/event-stream').headers(headers).send(stream)
  })

  // An event stream never ends by itself, and the close of the listener waits for it.
  debug.addHook('preClose', async () => {
    for (const stream of pages.keys()) stream.push(null)
  })
}

/** The name of a database if there is one of that name; undefined otherwise. */
function known({ databases }: Subject, field: string | string[] | undefined): string | undefined {
  return databases.find(({ name }) => name !== undefined && name === textOf(field))?.name
}

/** Sends a page the fragments that have changed. A page that does not read gets them once it does. */
function sendChanges(stream: Readable, sent: Map<string, string>, fragments: Fragments): void {
  if (stream.destroyed || stream.readableEnded) return
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
