// The pages that scrapes get, in each format. Imports src/ and its own folder only.
import type { Collector, CollectorMetric } from '../../src/contract/collector.ts'
import type { Database } from '../../src/database.ts'
import type { ClientFamily } from '../../src/page/exposition.ts'
import {
  ENDINGS,
  type Format,
  renderClient,
  renderFamilies,
  renderHead,
  renderSamples,
} from '../../src/page/exposition.ts'
import { joinGzip, joinTexts, makePart, type Part, type Sum, sumOf } from '../../src/page/gzip.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import type { LabelSets } from '../../src/rows/label-set.ts'
import { FormatCache } from './format-cache.ts'

/** Milliseconds for which scrapes share one rendering of the service's own metrics. */
const MAX_AGE = 1000

/** The page in one format at one moment. Each body is made when it is first asked for. */
interface Rendering {
  readonly publication: number
  readonly renderedAt: number
  /** Until when this replica is sure to lead every database on the page. */
  readonly until: number
  readonly parts: readonly Part[]
  readonly sum: Sum
  identity?: Buffer
  gzip?: Buffer
}

/** A part with the samples of one metric, or with all families of a collector. */
interface SamplePart {
  /** Undefined when the part has all families. */
  readonly metric: CollectorMetric | undefined
  readonly part: Promise<Part>
}

/** Reads the families of the official client, as of `now` by the monotonic clock. */
export type ReadClient = (now: number) => Promise<readonly ClientFamily[]>

/**
 * The pages that scrapes get. A page is a list of cached parts and one live part that is at most a second old. A
 * collector on one database makes one part. On several databases, each metric has a part for each database.
 */
export class Pages {
  readonly #databases: readonly Database[]
  readonly #readClient: ReadClient
  /** Whether OpenMetrics has a _created line for each total. */
  readonly #created: boolean
  /** When the process started, in seconds since 1970: its own totals count from there. */
  readonly #started = Math.round(performance.timeOrigin) / 1000
  /** Whether a collector is on one database only, which never changes: another version is another collector. */
  readonly #onOneDatabase = new WeakMap<Collector, boolean>()
  readonly #heads = new FormatCache<CollectorMetric, Promise<Part>>()
  /** By collector, because what one shows may be handed on to another version of it. */
  readonly #parts = new WeakMap<Collector, FormatCache<LabelSets, readonly SamplePart[]>>()
  readonly #renderings = new Map<Format, Promise<Rendering>>()
  /** The last sum of the collectors' parts, by format. */
  readonly #sums = new Map<Format, { readonly parts: readonly Part[]; readonly sum: Sum }>()
  #publication = 0
  /** The time of the page that the last scrape got, in milliseconds of the monotonic clock. */
  scraped: number | undefined

  constructor(databases: readonly Database[], readClient: ReadClient, created: boolean) {
    this.#databases = databases
    this.#readClient = readClient
    this.#created = created
  }

  /** Makes the parts of a round's outcomes, in the formats that are asked for, before it is published. */
  async prepare(outcomes: readonly Outcome[]): Promise<void> {
    for (const format of this.#renderings.keys()) {
      for (const { status, result, window } of outcomes) {
        if (result instanceof Error) continue
        for (const { part } of this.#partsOf(status, result.sets, format, window?.since)) await part
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
  async body(format: Format, gzip: boolean): Promise<Buffer> {
    const rendering = await this.#rendering(format)
    this.scraped = Math.max(this.scraped ?? 0, rendering.renderedAt)
    if (gzip) {
      rendering.gzip ??= joinGzip(rendering.parts, rendering.sum)
      return rendering.gzip
    }
    rendering.identity ??= joinTexts(rendering.parts)
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
      const led = this.#databases.filter(({ db, leader }) => db.quorate && leader.trustedUntil > renderedAt)
      const until = Math.min(...led.map(({ leader }) => leader.trustedUntil))
      const business = Promise.all(this.#familiesOf(led, format, renderedAt))
      // Awaited below, unless this attempt is given up.
      business.catch(() => {})
      const families = await this.#readClient(renderedAt)
      // The page shows one moment. If a round was published meanwhile, new self-metrics would be beside old values. A
      // round that is published later is for the next page: with a thousand databases there is always one.
      if (publication !== this.#publication) continue
      const text = renderClient(families, format, this.#created ? this.#started : undefined)
      const live = await makePart([text, ENDINGS[format]])
      const parts = await business
      if (performance.now() >= until) continue
      const sum = sumOf([live], this.#sumOf(format, parts))
      return { publication, renderedAt, until, parts: [...parts, live], sum }
    }
  }

  /** Returns the parts of all families: for each, the samples of every database one after the other. */
  #familiesOf(databases: readonly Database[], format: Format, now: number): Promise<Part>[] {
    const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
    const byName = Map.groupBy(statuses, ({ collector }) => collector.name)
    return [...byName.values()].flatMap((statuses) => {
      const parts = statuses.flatMap((status) =>
        this.#partsOf(status, status.shown(now).sets, format, status.window?.since),
      )
      return [...Map.groupBy(parts, ({ metric }) => metric)].flatMap(([metric, parts]) => [
        ...(metric === undefined ? [] : [this.#headOf(metric, format)]),
        ...parts.map(({ part }) => part),
      ])
    })
  }

  #isOnOneDatabase({ collector }: CollectorStatus): boolean {
    const known = this.#onOneDatabase.get(collector)
    if (known !== undefined) return known
    const having = this.#databases.filter(({ collectors }) =>
      collectors.list.some((status) => status.collector === collector),
    )
    this.#onOneDatabase.set(collector, having.length === 1)
    return having.length === 1
  }

  #headOf(metric: CollectorMetric, format: Format): Promise<Part> {
    return this.#heads.get(metric, format, () => makePart([renderHead(metric, format)]))
  }

  /** Returns one part with all families of a collector, or a part with the samples of each metric. */
  #partsOf(
    status: CollectorStatus,
    sets: LabelSets,
    format: Format,
    since: bigint | undefined,
  ): readonly SamplePart[] {
    const { collector, database } = status
    const created = since === undefined || !this.#created ? undefined : Number(since) / 1e6
    const parts = this.#parts.get(collector) ?? new FormatCache<LabelSets, readonly SamplePart[]>()
    this.#parts.set(collector, parts)
    return parts.get(sets, format, () => {
      if (this.#isOnOneDatabase(status)) {
        const part = makePart(renderFamilies(collector, sets, format, created, database))
        return [{ metric: undefined, part }]
      }
      return collector.metrics.map((metric) => ({
        metric,
        part: makePart(renderSamples(collector, metric, { sets, created, database }, format)),
      }))
    })
  }

  #sumOf(format: Format, parts: readonly Part[]): Sum {
    const last = this.#sums.get(format)
    if (last?.parts.length === parts.length && parts.every((part, i) => part === last.parts[i]))
      return last.sum
    const sum = sumOf(parts)
    this.#sums.set(format, { parts, sum })
    return sum
  }
}

function dropBodies(rendering: Rendering): void {
  delete rendering.identity
  delete rendering.gzip
}
