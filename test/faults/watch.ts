import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import type { Test } from 'tap'
import type { Environment } from '../../src/config.ts'
import { samplesOf } from '../exposition.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { countBackends } from './backends.ts'
import { checkOutput } from './output.ts'

export type Samples = Map<string, number>

/** A service in a process of its own that is scraped without a pause from its start to its end. */
export interface Watch {
  readonly service: ServiceProcess
  /** A page that was asked for now. */
  page(): Promise<Samples>
  /** The first page that is as wanted; a test that waits in vain runs into its own time limit. */
  until(wanted: (samples: Samples) => boolean): Promise<Samples>
  /** Waits until each of these collectors, or all, failed `times` more, and returns the page that says so. */
  failing(collectors?: readonly string[], times?: number): Promise<Samples>
  /**
   * Called when a fault has ended: waits for the next success of a round, which has to be the first that began after
   * this call.
   */
  recovered(): Promise<Samples>
  /** Ends the service with SIGTERM, and checks all that has to be so through every fault. */
  end(): Promise<void>
}

/** The collectors of a watched service: every round runs each, and every kind is there. */
export const COLLECTORS = ['destinations', 'connections', 'installations', 'operations-created']
/** At most this many backends and one. */
const CONCURRENCY = 2
/** Milliseconds in which a scrape has to be answered. */
const PATIENCE = 1000
/** Bytes of memory that it may be resident in; it starts with about a third. */
const MEMORY = 300 * 1024 * 1024

/**
 * Starts the service and the watch. `monitor` is the URL of a superuser on the server whose backends are counted, those
 * of the database `database`; it may be gone for a time.
 */
export async function watch(
  t: Test,
  env: Environment & { readonly DATABASE_URL: string },
  { monitor, database = 'postgres' }: { monitor: string; database?: string },
): Promise<Watch> {
  const service = await spawnService(t, {
    METRICS_TICK_DURATION: '1s',
    COLLECTOR_TIMEOUT: '1s',
    COLLECTOR_CONCURRENCY: String(CONCURRENCY),
    COLLECTORS: COLLECTORS.join(),
    ...env,
  })
  await service.said('metrics on')
  const violations: string[] = []
  let watching = true
  let memory = 0
  let backends = 0

  async function scrape(path: string): Promise<void> {
    while (watching) {
      const pids = [service.child.pid, process.pid]
      const started = performance.now() - starved(pids)
      let text = ''
      try {
        const response = await fetch(service.url + path, { signal: AbortSignal.timeout(10 * PATIENCE) })
        text = await response.text()
        if (response.status !== 200) violations.push(`${path}: ${response.status} ${text}`)
      } catch (error) {
        violations.push(`${path}: ${error}`)
      }
      const took = performance.now() - starved(pids) - started
      if (took > PATIENCE) violations.push(`${path}: answered after ${Math.round(took)} ms`)
      if (path === '/metrics')
        memory = Math.max(memory, samplesOf(text).get('process_resident_memory_bytes') ?? 0)
      await delay(10)
    }
  }
  const scrapes = Promise.all([scrape('/metrics'), scrape('/healthz')])

  const sql = postgres(monitor, { max: 1, connect_timeout: 1, backoff: false, onnotice: () => {} })
  async function count(): Promise<void> {
    while (watching) {
      // A server that is not there has no backends to count.
      backends = Math.max(backends, await countBackends(sql, database).catch(() => 0))
      await delay(20)
    }
  }
  void count()

  let ended = false
  async function stop(): Promise<void> {
    if (ended) return
    ended = true
    watching = false
    await Promise.all([scrapes, sql.end({ timeout: 0 })])
  }
  t.teardown(stop)

  async function page(): Promise<Samples> {
    return samplesOf(await (await fetch(`${service.url}/metrics`)).text())
  }
  async function until(wanted: (samples: Samples) => boolean): Promise<Samples> {
    for (;;) {
      const samples = await page()
      if (wanted(samples)) return samples
      await delay(20)
    }
  }

  return {
    service,
    page,
    until,

    async failing(collectors = COLLECTORS, times = 1) {
      const before = await page()
      const failed = await until((samples) =>
        collectors.every((name) => errors(samples, name) >= errors(before, name) + times),
      )
      for (const name of COLLECTORS) {
        const fails = collectors.includes(name)
        t.equal(failed.get(`collector_success{collector="${name}"}`), fails ? 0 : 1, `success of ${name}`)
        if (!fails) t.equal(errors(failed, name), errors(before, name), `errors of ${name}`)
      }
      return failed
    },

    async recovered() {
      const before = await page()
      const after = await until((samples) => rounds(samples, 'success') > rounds(before, 'success'))
      // The round that ran when the fault ended may fail; there is no other.
      const failures = rounds(after, 'failure') - rounds(before, 'failure')
      t.ok(failures <= 1, `the first round after the fault succeeds: ${failures} failed`)
      for (const name of COLLECTORS) {
        t.equal(after.get(`collector_success{collector="${name}"}`), 1, `${name} works again`)
      }
      return after
    },

    async end() {
      t.equal(service.child.exitCode, null, 'the process is alive')
      await stop()
      t.same(violations, [], 'every scrape was answered with 200 within a second')
      t.ok(backends <= CONCURRENCY + 1, `there were ${backends} backends at most`)
      t.ok(memory > 0 && memory < MEMORY, `${Math.round(memory / 1024 / 1024)} MiB were resident at most`)
      service.child.kill('SIGTERM')
      t.equal(await service.exit, 0)
      checkOutput(t, service, [env.DATABASE_URL, monitor])
    },
  }
}

/**
 * Milliseconds that the main threads of these processes stood in line for a processor since they began: what a machine
 * that is busy with something else takes from them is not theirs to answer for. 0 where the system does not tell.
 */
function starved(pids: readonly (number | undefined)[]): number {
  return pids.reduce((sum: number, pid) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
    } catch {
      return sum
    }
  }, 0)
}

/** Rounds that ended so. */
export function rounds(samples: Samples, result: 'success' | 'failure'): number {
  return samples.get(`collection_duration_seconds_count{result="${result}"}`) ?? 0
}

function errors(samples: Samples, collector: string): number {
  return samples.get(`collection_errors_total{collector="${collector}"}`) ?? 0
}
