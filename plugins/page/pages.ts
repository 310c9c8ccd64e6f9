// The pages that scrapes get, in each format. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { type ClientFamily, ENDINGS, renderClient } from '../../src/page/exposition.ts'
import { type Body, gzipBody, makePart, type Part, sumOf, textBody } from '../../src/page/gzip.ts'
import type { Format } from '../../src/page/syntax.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import { CollectorParts } from './collector-parts.ts'
import type { SelfMetrics } from './self-metrics.ts'

/** Milliseconds for which scrapes share one rendering of the page. */
const MAX_AGE = 1000

/** The page in one format at one moment. Each body is made when it is first asked for. */
interface Rendering {
  readonly publication: number
  readonly renderedAt: number
  /** Until when this replica is sure to lead every database on the page. */
  readonly until: number
  readonly parts: readonly Part[]
  identity?: Body
  gzip?: Body
}

/** What the page has beside collectors and the service's own metrics. */
export interface PagesOptions {
  /** When the process started, in seconds since 1970, for the _created lines of OpenMetrics; undefined leaves them out. */
  readonly created: number | undefined
  /** Reads the families of the official client. */
  readClient(): Promise<readonly ClientFamily[]>
}

/**
 * The pages that scrapes get. A page is a list of parts: what collectors show, what the service knows of itself, and what
 * the official client measures of the process. Only parts in which something has changed are made again.
 */
export class Pages {
  readonly #databases: readonly Database[]
  readonly #self: Pick<SelfMetrics, 'parts'>
  readonly #options: PagesOptions
  readonly #collectors: CollectorParts
  readonly #renderings = new Map<Format, Promise<Rendering>>()
  #publication = 0
  /** The time of the page that the last scrape got, in milliseconds of the monotonic clock. */
  scraped: number | undefined

  constructor(databases: readonly Database[], self: Pick<SelfMetrics, 'parts'>, options: PagesOptions) {
    this.#databases = databases
    this.#self = self
    this.#options = options
    this.#collectors = new CollectorParts(databases, options.created !== undefined)
  }

  /** Makes the parts of a round's outcomes, in the formats that are asked for, before it is published. */
  async prepare(outcomes: readonly Outcome[]): Promise<void> {
    for (const format of this.#renderings.keys()) {
      for (const { status, result, window } of outcomes) {
        if (result instanceof Error) continue
        await this.#collectors.prepare({ status, sets: result.sets, since: window?.since }, format)
      }
    }
  }

  /** Makes every later scrape show what the collectors show now. */
  publish(): void {
    this.#publication++
    // No later scrape gets the old bodies. A response that is still being sent keeps its own.
    for (const rendering of this.#renderings.values()) void rendering.then(dropBodies, () => {})
  }

  /** Returns the body of a scrape. */
  async body(format: Format, gzip: boolean): Promise<Body> {
    const rendering = await this.#rendering(format)
    this.scraped = Math.max(this.scraped ?? 0, rendering.renderedAt)
    if (gzip) {
      rendering.gzip ??= gzipBody(rendering.parts, sumOf(rendering.parts))
      return rendering.gzip
    }
    rendering.identity ??= textBody(rendering.parts)
    return rendering.identity
  }

  async #rendering(format: Format): Promise<Rendering> {
    const known = this.#renderings.get(format)
    if (known !== undefined) {
      const rendering = await known
      const now = performance.now()
      const fresh =
        rendering.publication === this.#publication &&
        now - rendering.renderedAt < MAX_AGE &&
        now < rendering.until
      if (fresh) return rendering
      // Another scrape that waited too may have started the next rendering already.
      const next = this.#renderings.get(format)
      if (next !== undefined && next !== known) return next
    }
    const rendering = this.#render(format)
    this.#renderings.set(format, rendering)
    rendering.catch(() => this.#renderings.delete(format))
    return rendering
  }

  async #render(format: Format): Promise<Rendering> {
    for (;;) {
      const publication = this.#publication
      const renderedAt = performance.now()
      const led = this.#databases.filter(({ leader }) => leader.trustedUntil > renderedAt)
      const until = Math.min(...led.map(({ leader }) => leader.trustedUntil))
      const collected = led.filter(({ db }) => db.quorate)
      // The page shows one moment: all that a round publishes at once is read here, before anything is awaited.
      const parts = await Promise.all([
        this.#collectors.parts(collected, format, renderedAt),
        this.#self.parts(format, renderedAt),
        this.#live(format),
      ])
      if (performance.now() < until) return { publication, renderedAt, until, parts: parts.flat() }
    }
  }

  async #live(format: Format): Promise<Part> {
    const text = renderClient(await this.#options.readClient(), format, this.#options.created)
    return makePart([text, ENDINGS[format]])
  }
}

function dropBodies(rendering: Rendering): void {
  delete rendering.identity
  delete rendering.gzip
}
