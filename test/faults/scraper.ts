import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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
  /** Each answer that was not a 200 with a whole page within a second, or told a secret, and what it was. */
  readonly problems: readonly string[]
}

/** The longest that an answer may take, in milliseconds. */
const PATIENCE = 1000
/** Milliseconds between two scrapes, so that they do not become a load of their own. */
const PACE = 20
/** How many problems are told. */
const TOLD = 10

interface Subject {
  readonly url: string
  readonly pid: number | undefined
  readonly secrets: readonly string[]
}

/**
 * Scrapes /metrics and /healthz without a pause, each over a connection of its own, from a thread that whatever else
 * the test does cannot hold up. The result ends it.
 */
export async function scrapeOn(t: Test, service: ServiceProcess): Promise<() => Promise<Seen>> {
  const { url, secrets, child } = service
  const subject: Subject = { url, secrets, pid: child.pid }
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: subject, env: process.env })
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

/** What was wrong with one scrape; undefined when nothing was. */
async function scrape({ url, pid, secrets }: Subject, path: string): Promise<string | undefined> {
  const started = performance.now() - starved(pid)
  try {
    const { status, body } = await get(url + path)
    const took = performance.now() - starved(pid) - started
    checkSecrets(body, secrets, 'the answer')
    const whole = path === '/healthz' || body.includes('\nmetrics_service_build_info{')
    if (status === 200 && whole && took <= PATIENCE) return undefined
    return `${path}: ${status}${whole ? '' : ', not whole'}, after ${Math.round(took)} ms`
  } catch (error) {
    return `${path}: ${error}`
  }
}

/**
 * Milliseconds that the main thread of a process and this thread stood in line for a processor since they began: what a
 * machine that is busy with something else takes from them is not theirs to answer for. 0 where the system does not tell.
 */
function starved(pid: number | undefined): number {
  return [`/proc/${pid}`, '/proc/thread-self'].reduce((sum, process) => {
    try {
      return sum + Number(readFileSync(`${process}/schedstat`, 'utf8').split(' ')[1]) / 1e6
    } catch {
      return sum
    }
  }, 0)
}

if (!isMainThread && parentPort !== null && typeof workerData?.url === 'string') {
  const port = parentPort
  const subject: Subject = workerData
  let scrapes = 0
  let over = false
  const problems: string[] = []
  port.on('message', () => {
    over = true
  })
  await get(`${subject.url}/healthz`)
  port.postMessage('begun')
  while (!over) {
    for (const path of ['/metrics', '/healthz']) {
      const problem = await scrape(subject, path)
      scrapes++
      if (problem !== undefined && problems.length < TOLD) problems.push(problem)
    }
    await delay(PACE)
  }
  port.postMessage({ scrapes, problems } satisfies Seen)
  port.close()
}
