import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import type { Test } from 'tap'
import type { Environment } from '../../src/config/read.ts'
import { countBackends } from '../backends.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { rounds, type Samples, scrape, until } from '../scrape.ts'
import { DEFECT, unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

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
/** Milliseconds between two looks at the backends. */
const PACE = 20
/** How often in a row backends have to be seen to count. */
const LOOKS = 5
/** At most this many backends and one. */
const CONCURRENCY = 2
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
  const scrapes = await scrapeOn(t, service)
  let watching = true
  let backends = 0
  const looks: number[] = []

  // Without the query for types that a client sends by itself: nobody catches its rejection when the server goes.
  const options = { max: 1, connect_timeout: 1, backoff: false, fetch_types: false, onnotice: () => {} }
  const sql = postgres(monitor, options)
  async function count(): Promise<void> {
    while (watching) {
      // A server that is not there has no backends to count.
      looks.push(await countBackends(sql, database).catch(() => 0))
      // One whose client is gone is there until the server has noticed, but not at each of several looks.
      backends = Math.max(backends, Math.min(...looks.slice(-LOOKS)))
      if (looks.length > LOOKS) looks.shift()
      await delay(PACE)
    }
  }
  void count()

  t.teardown(async () => {
    watching = false
    await sql.end({ timeout: 0 })
  })

  return {
    service,
    page: () => scrape(service),
    until: (wanted) => until(service, wanted),

    async failing(collectors = COLLECTORS, times = 1) {
      const before = await scrape(service)
      const failed = await until(service, (samples) =>
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
      const before = await scrape(service)
      const after = await until(service, (samples) => rounds(samples, 'success') > rounds(before, 'success'))
      // The round that ran when the fault ended may fail; there is no other.
      const failures = rounds(after, 'failure') - rounds(before, 'failure')
      t.ok(failures <= 1, `the first round after the fault succeeds: ${failures} failed`)
      for (const name of COLLECTORS) {
        t.equal(after.get(`collector_success{collector="${name}"}`), 1, `${name} works again`)
      }
      return after
    },

    async end() {
      served(t, await scrapes())
      unharmed(t, service, MEMORY)
      t.ok(backends <= CONCURRENCY + 1, `there were ${backends} backends at most`)
      service.child.kill('SIGTERM')
      t.equal(await service.exit, 0)
      t.notMatch(service.output(), DEFECT)
    },
  }
}

function errors(samples: Samples, collector: string): number {
  return samples.get(`collection_errors_total{collector="${collector}"}`) ?? 0
}
