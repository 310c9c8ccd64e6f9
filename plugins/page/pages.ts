import type { FastifyInstance } from 'fastify'
import type { CollectorMetric } from '../../src/contract/collector.ts'
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
import type { CollectorStatus, Outcome } from '../../src/round/status.ts'
import type { LabelSets } from '../../src/rows/label-set.ts'

/** Milliseconds for which scrapes share one rendering of what changes all the time. */
const LIVE = 1000

/** The page in one format at one moment; its bodies are made when they are first asked for. */
interface Rendering {
  readonly publication: number
  readonly renderedAt: number
  /** The moment up to which it is known that no other replica shows what it has of a database. */
  readonly until: number
  readonly parts: readonly Part[]
  readonly sum: Sum
  identity?: Buffer
  gzip?: Buffer
}

/** Where the families of the official client come from; `now` is the moment of the monotonic clock that they are of. */
export type Live = (now: number) => Promise<readonly ClientFamily[]>

/**
 * What scrapes are answered with: ready parts, and one live part that is never a second old. A collector that asks one
 * database makes one part; of one that asks several, the samples of each are parts that take turns, family by family.
 */
export class Pages {
  readonly #app: FastifyInstance
  readonly #live: Live
  /** When the process started, in seconds since 1970: its own totals count from there. */
  readonly #started = Math.round(performance.timeOrigin) / 1000
  /** Collectors, by name, and whether they ask one database alone: that stays as it is. */
  readonly #alone = new Map<string, boolean>()
  /** What families begin with, by format. */
  readonly #heads = new Map<CollectorMetric, Map<Format, Promise<Part>>>()
  /** The parts of samples that may be shown, by format: one for each metric, or one for all. Gone with the samples. */
  readonly #parts = new WeakMap<LabelSets, Map<Format, Promise<Part>[]>>()
  readonly #renderings = new Map<Format, Promise<Rendering>>()
  /** The business parts that were summed last, by format. */
  readonly #sums = new Map<Format, { readonly parts: readonly Part[]; readonly sum: Sum }>()
  #publication = 0

  constructor(app: FastifyInstance, live: Live) {
    this.#app = app
    this.#live = live
  }

  /** Makes the parts of a round's outcomes, in the formats that are asked for, before it is published. */
  async prepare(outcomes: readonly Outcome[]): Promise<void> {
    for (const format of this.#renderings.keys()) {
      for (const { status, result, window } of outcomes) {
        if (result instanceof Error) continue
        for (const part of this.#samplesOf(status, result.sets, format, window?.since)) await part
      }
    }
  }

  /** Has every scrape from now on see what the collectors show now. */
  publish(): void {
    this.#publication++
    // Nobody is answered with the bodies of before any more; whoever still reads one keeps it.
    for (const rendering of this.#renderings.values()) void rendering.then(forget, () => {})
  }

  /** The body of a scrape. */
  async body(format: Format, gzip: boolean): Promise<Buffer> {
    const rendering = await this.#rendering(format)
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
        now - rendering.renderedAt < LIVE &&
        now < rendering.until
      if (fresh) return rendering
      // Another scrape that waited for the same one may have started the next already.
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
      const led = this.#app.databases.filter(({ db, leader }) => db.quorate && leader.until > renderedAt)
      const until = Math.min(...led.map(({ leader }) => leader.until))
      const business = Promise.all(this.#familiesOf(led, format, renderedAt))
      // Looked at below, or not at all.
      business.catch(() => {})
      const families = await this.#live(renderedAt)
      // All of it is of one moment: a round that ended in it would put new self-metrics beside old values. One that
      // ends later is for the next page, for of a thousand databases one always does before this one is made.
      if (publication !== this.#publication) continue
      const text = renderClient(families, format, this.#started)
      const live = await makePart([text, ENDINGS[format]])
      const parts = await business
      if (performance.now() >= until) continue
      const sum = sumOf([live], this.#sumOf(format, parts))
      return { publication, renderedAt, until, parts: [...parts, live], sum }
    }
  }

  /** The parts of all families of databases: each with its samples of every one, one after the other. */
  #familiesOf(databases: readonly FastifyInstance[], format: Format, now: number): Promise<Part>[] {
    const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
    const byName = Map.groupBy(statuses, ({ collector }) => collector.name)
    return [...byName.values()].flatMap((same) => {
      const samples = same.map((status) =>
        this.#samplesOf(status, status.shown(now).sets, format, status.window?.since),
      )
      const [first] = same
      if (first === undefined || this.#isAlone(first)) return samples.flat()
      return first.collector.metrics.flatMap((metric, m) => [
        this.#headOf(metric, format),
        ...samples.flatMap((parts) => parts[m] ?? []),
      ])
    })
  }

  /** Whether a collector asks no other database. */
  #isAlone({ collector: { name } }: CollectorStatus): boolean {
    const known = this.#alone.get(name)
    if (known !== undefined) return known
    const asked = this.#app.databases.filter(({ collectors }) =>
      collectors.list.some(({ collector }) => collector.name === name),
    )
    this.#alone.set(name, asked.length === 1)
    return asked.length === 1
  }

  #headOf(metric: CollectorMetric, format: Format): Promise<Part> {
    return kept(this.#heads, metric, format, () => makePart([renderHead(metric, format)]))
  }

  /** The part of a collector's families, or a part for the samples of each. */
  #samplesOf(
    status: CollectorStatus,
    sets: LabelSets,
    format: Format,
    since: bigint | undefined,
  ): Promise<Part>[] {
    const { collector, database } = status
    const created = since === undefined ? undefined : Number(since) / 1e6
    return kept(this.#parts, sets, format, () => {
      if (this.#isAlone(status)) return [makePart(renderFamilies(collector, sets, format, created, database))]
      return collector.metrics.map((metric) =>
        makePart(renderSamples(collector, metric, { sets, created, database }, format)),
      )
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

function forget(rendering: Rendering): void {
  delete rendering.identity
  delete rendering.gzip
}

/** What was made of a thing in a format, or is made now. */
function kept<Key extends object, Made>(
  known: Pick<WeakMap<Key, Map<Format, Made>>, 'get' | 'set'>,
  key: Key,
  format: Format,
  make: () => Made,
): Made {
  const formats = known.get(key) ?? new Map<Format, Made>()
  known.set(key, formats)
  const made = formats.get(format) ?? make()
  formats.set(format, made)
  return made
}
