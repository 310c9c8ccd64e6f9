import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { serveFolder, unharmed } from '../faults/process.ts'
import { scrapeOn, served } from '../faults/scraper.ts'
import type { ServiceProcess } from '../process.ts'
import { rounds, type Samples, scrape, until } from '../scrape.ts'
import type { Availability } from './availability.ts'

/** Milliseconds between two ticks. */
export const TICK = 3000
/** Milliseconds between two looks at the page. */
const PACE = 50

/** A service on the cluster, whose page is watched from its start to its end. */
export class Reader {
  readonly name: string
  readonly #service: ServiceProcess
  readonly #availability: Availability
  readonly #scrapes: Awaited<ReturnType<typeof scrapeOn>>
  readonly #seen: { readonly at: number; readonly samples: Samples }[] = []
  #watching = true

  private constructor(
    name: string,
    service: ServiceProcess,
    availability: Availability,
    scrapes: Awaited<ReturnType<typeof scrapeOn>>,
  ) {
    this.name = name
    this.#service = service
    this.#availability = availability
    this.#scrapes = scrapes
  }

  /** Starts the service, and resolves when a round has succeeded. */
  static async start(t: Test, name: string, url: string, availability: Availability): Promise<Reader> {
    const service = await serveFolder(t, '../cluster/collectors', {
      DATABASE_URL: url,
      METRICS_TICK_DURATION: `${TICK}ms`,
    })
    const reader = new Reader(name, service, availability, await scrapeOn(t, service))
    void reader.#watch()
    t.teardown(() => {
      reader.#watching = false
    })
    await reader.until((samples) => rounds(samples, 'success') > 0)
    return reader
  }

  until(wanted: (samples: Samples) => boolean): Promise<Samples> {
    return until(this.#service, wanted)
  }

  /** A page of which each value was read after this call. */
  async fresh(): Promise<Samples> {
    const before = rounds(await scrape(this.#service), 'success')
    // The round that runs now may have taken its snapshot already.
    return this.until((samples) => rounds(samples, 'success') >= before + 2)
  }

  /** Each change of a sample that was seen since a moment, the first value included. */
  changes(name: string, since = 0): number[] {
    const values = this.#seen.filter(({ at }) => at >= since).map(({ samples }) => samples.get(name) ?? 0)
    return values.filter((value, i) => value !== values[i - 1])
  }

  /** Checks that no round failed more than a tick after there was a primary again, since this moment. */
  prompt(t: Test, since: number): void {
    const failures = this.#seen.filter(({ at, samples }, i) => {
      const before = this.#seen[i - 1]?.samples
      return at >= since && before !== undefined && rounds(samples, 'failure') > rounds(before, 'failure')
    })
    const latest = Math.max(0, ...failures.map(({ at }) => this.#availability.since(at)))
    t.comment(`${this.name}: no primary from ${this.#availability.spans(since).join(', ')} s`)
    t.ok(
      latest <= TICK,
      `${this.name}: the last of ${failures.length} failures came ${Math.round(latest)} ms after there was a primary`,
    )
  }

  /** Ends the service, and checks what has to be so through every fault. */
  async end(t: Test): Promise<void> {
    served(t, await this.#scrapes())
    unharmed(t, this.#service)
    this.#watching = false
    this.#service.child.kill('SIGTERM')
    t.equal(await this.#service.exit, 0)
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      // What is not answered is told by the scrapes.
      const samples = await scrape(this.#service).catch(() => undefined)
      const last = this.#seen.at(-1)?.samples
      // A page is another one when a round has ended.
      if (samples !== undefined && (last === undefined || rounds(samples) !== rounds(last)))
        this.#seen.push({ at: performance.now(), samples })
      await delay(PACE)
    }
  }
}
