import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Test } from 'tap'
import type { ServiceProcess } from '../process.ts'
import { checkSecrets } from '../secrets.ts'

/** What became of continuous scrapes. */
export interface Seen {
  readonly scrapes: number
  /** Each answer that was not a 200 with a whole page, did not come at all, or told a secret, and what it was. */
  readonly problems: readonly string[]
  /** The most rounds that ended between one page and the next: a scrape that had to wait would have missed some. */
  readonly rounds: number
}

/** Milliseconds that Prometheus waits for an answer, unless it is told otherwise. */
const PATIENCE = 10_000
/** How many rounds may end between one page and the next. */
const MOST = 2
/** Milliseconds between two scrapes, unless it is told otherwise, so that they do not become a load of their own. */
const PACE = 20
/** How many problems are told. */
const TOLD = 10

interface Subject {
  readonly url: string
  readonly secrets: readonly string[]
  /** Milliseconds between two scrapes. */
  readonly pace: number
}

/**
 * Scrapes /metrics and /healthz without a pause, each over a connection of its own, from a thread that whatever else
 * the test does cannot hold up. The result ends it.
 */
export async function scrapeOn(
  t: Test,
  { url, secrets }: ServiceProcess,
  pace = PACE,
): Promise<() => Promise<Seen>> {
  const subject: Subject = { url, secrets, pace }
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: subject, env: process.env })
  t.teardown(() => worker.terminate())
  await once(worker, 'message')
  return async () => {
    worker.postMessage('end')
    const [seen] = await once(worker, 'message')
    return seen
  }
}

/** Asserts that there were scrapes, that each was answered, and that none was held up for more than `most` rounds. */
export function served(t: Test, { scrapes, problems, rounds }: Seen, { least = 1, most = MOST } = {}): void {
  t.same(problems, [], `each of ${scrapes} scrapes is answered with 200`)
  t.ok(scrapes >= least, `there were ${scrapes} scrapes`)
  t.ok(rounds <= most, `${rounds} rounds at most ended between one page and the next`)
}

async function get(url: string): Promise<{ status: number | undefined; body: string }> {
  const asked = request(url, { agent: false, signal: AbortSignal.timeout(PATIENCE) }).end()
  const [response] = await once(asked, 'response')
  return { status: response.statusCode, body: await text(response) }
}

/** The body of the answer to a scrape. Throws when something is wrong with it. */
async function scrape({ url, secrets }: Subject, path: string): Promise<string> {
  const { status, body } = await get(url + path)
  checkSecrets(body, secrets, 'the answer')
  const whole = path === '/healthz' || body.includes('\nmetrics_service_build_info{')
  if (status !== 200 || !whole) throw new Error(`${status}${whole ? '' : ', not whole'}`)
  return body
}

/** How many rounds had ended when a page was made. */
function roundsOf(page: string): number {
  const counts = [...page.matchAll(/^collection_duration_seconds_count\{.*\} (\d+)$/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

if (!isMainThread && parentPort !== null && typeof workerData?.url === 'string') {
  const port = parentPort
  const subject: Subject = workerData
  let scrapes = 0
  let rounds = 0
  let last: number | undefined
  let over = false
  const problems: string[] = []
  port.on('message', () => {
    over = true
  })
  await get(`${subject.url}/healthz`)
  port.postMessage('begun')
  while (!over) {
    for (const path of ['/metrics', '/healthz']) {
      scrapes++
      try {
        const body = await scrape(subject, path)
        if (path !== '/metrics') continue
        const ended = roundsOf(body)
        rounds = Math.max(rounds, ended - (last ?? ended))
        last = ended
      } catch (error) {
        if (problems.length < TOLD) problems.push(`${path}: ${error}`)
      }
    }
    await delay(subject.pace)
  }
  port.postMessage({ scrapes, problems, rounds } satisfies Seen)
  port.close()
}
