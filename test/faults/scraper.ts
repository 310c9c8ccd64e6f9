import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Test } from 'tap'

/** What became of continuous scrapes. */
export interface Seen {
  readonly scrapes: number
  /** The slowest answer of all, in milliseconds. */
  readonly slowest: number
  /** Each answer that was not a 200 with a whole page within a second, and what it was. */
  readonly problems: readonly string[]
}

/** The longest that an answer may take, in milliseconds. */
const PATIENCE = 1000
/** Milliseconds between two scrapes, so that they do not become a load of their own. */
const PACE = 20
/** How many problems are told. */
const TOLD = 10

/**
 * Scrapes /metrics and /healthz without a pause, each over a connection of its own, from a thread that whatever else
 * the test does cannot hold up. The result ends it.
 */
export async function watch(t: Test, url: string): Promise<() => Promise<Seen>> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: url, env: process.env })
  t.teardown(() => worker.terminate())
  await once(worker, 'message')
  return async () => {
    worker.postMessage('end')
    const [seen] = await once(worker, 'message')
    return seen
  }
}

/** Asserts that each of the scrapes was answered, and that there were some. */
export function served(t: Test, { scrapes, problems }: Seen, least = 1): void {
  t.same(problems, [], `each of ${scrapes} scrapes is answered with 200 within a second`)
  t.ok(scrapes >= least, `there were ${scrapes} scrapes`)
}

async function get(url: string): Promise<{ status: number | undefined; body: string }> {
  const asked = request(url, { agent: false }).end()
  const [response] = await once(asked, 'response')
  return { status: response.statusCode, body: await text(response) }
}

async function scrape(url: string, path: string): Promise<{ took: number; problem: string | undefined }> {
  const started = performance.now()
  try {
    const { status, body } = await get(url + path)
    const took = performance.now() - started
    const whole = path === '/healthz' || body.includes('\nmetrics_service_build_info{')
    if (status === 200 && whole && took <= PATIENCE) return { took, problem: undefined }
    return { took, problem: `${path}: ${status}${whole ? '' : ', not whole'}, after ${Math.round(took)} ms` }
  } catch (error) {
    return { took: performance.now() - started, problem: `${path}: ${error}` }
  }
}

if (!isMainThread && parentPort !== null && typeof workerData === 'string') {
  const port = parentPort
  let scrapes = 0
  let slowest = 0
  let over = false
  const problems: string[] = []
  port.on('message', () => {
    over = true
  })
  await get(`${workerData}/healthz`)
  port.postMessage('begun')
  while (!over) {
    for (const path of ['/metrics', '/healthz']) {
      const { took, problem } = await scrape(workerData, path)
      scrapes++
      slowest = Math.max(slowest, took)
      if (problem !== undefined && problems.length < TOLD) problems.push(problem)
    }
    await delay(PACE)
  }
  port.postMessage({ scrapes, slowest, problems } satisfies Seen)
  port.close()
}
