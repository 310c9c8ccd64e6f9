// The parts of the page with what collectors show. Imports src/ and its own folder only.
import type { Collector, CollectorMetric } from '../../src/contract/collector.ts'
import type { Database } from '../../src/database.ts'
import { renderFamilies, renderHead, renderSamples } from '../../src/page/exposition.ts'
import { makePart, type Part } from '../../src/page/gzip.ts'
import type { Format } from '../../src/page/syntax.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import type { LabelSets } from '../../src/rows/label-set.ts'
import { inSlices, map } from '../../src/time/slices.ts'
import { FormatCache } from './format-cache.ts'

/** What a collector shows on one database. */
export interface ShownSets {
  readonly status: CollectorStatus
  readonly sets: LabelSets
  /** When its totals started from 0, in microseconds since 1970. */
  readonly since: bigint | undefined
}

/** A part with the samples of one metric, or with all families of a collector. */
interface SamplePart {
  /** Undefined when the part has all families. */
  readonly metric: CollectorMetric | undefined
  readonly part: Promise<Part>
}

/** The parts of a page, what it shows, and the parts of each of that. */
interface Made {
  readonly shown: readonly ShownSets[]
  readonly each: readonly (readonly SamplePart[])[]
  readonly parts: readonly Part[]
}

/**
 * The parts of the page with what collectors show. A collector on one database makes one part. On several databases, each
 * metric has a part for each database.
 */
export class CollectorParts {
  readonly #databases: readonly Database[]
  /** Whether OpenMetrics has a _created line for each total. */
  readonly #created: boolean
  /** Whether a collector is on one database only, which never changes: another version is another collector. */
  readonly #onOneDatabase = new WeakMap<Collector, boolean>()
  readonly #heads = new FormatCache<CollectorMetric, Promise<Part>>()
  /** By collector, because what one shows may be handed on to another version of it. */
  readonly #parts = new WeakMap<Collector, FormatCache<LabelSets, readonly SamplePart[]>>()
  readonly #last = new Map<Format, Made>()

  constructor(databases: readonly Database[], created: boolean) {
    this.#databases = databases
    this.#created = created
  }

  /** Makes the parts of a collector before the page has them. */
  async prepare(shown: ShownSets, format: Format): Promise<void> {
    await Promise.all(this.#partsOf(shown, format).map(({ part }) => part))
  }

  /**
   * Returns the page's parts as of `now`, in milliseconds of the monotonic clock: of each family, the samples of every
   * database one after the other. Everything is read when it is called.
   */
  async parts(databases: readonly Database[], format: Format, now: number): Promise<readonly Part[]> {
    const last = this.#last.get(format)
    const shown = look(databases, now, last?.shown)
    if (last !== undefined && shown === last.shown) return last.parts
    const known = shown.map((one, i) => (one === last?.shown[i] ? last.each[i] : undefined))
    const each = await inSlices(map(shown, (one, i) => known[i] ?? this.#partsOf(one, format)))
    const byName = Map.groupBy(each.keys(), (i) => shown[i]?.status.collector.name)
    const families = [...byName.values()].flatMap((places) => {
      const byMetric = Map.groupBy(
        places.flatMap((i) => each[i] ?? []),
        ({ metric }) => metric,
      )
      return [...byMetric].flatMap(([metric, parts]) => [
        ...(metric === undefined ? [] : [this.#headOf(metric, format)]),
        ...parts.map(({ part }) => part),
      ])
    })
    const parts = await Promise.all(families)
    this.#last.set(format, { shown, each, parts })
    return parts
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
  #partsOf({ status, sets, since }: ShownSets, format: Format): readonly SamplePart[] {
    const { collector, database } = status
    const created = since === undefined || !this.#created ? undefined : Number(since) / 1e6
    const parts = this.#parts.get(collector) ?? new FormatCache<LabelSets, readonly SamplePart[]>()
    this.#parts.set(collector, parts)
    return parts.get(sets, format, () => {
      if (this.#isOnOneDatabase(status)) {
        const part = makePart(renderFamilies(collector, sets, format, created, database))
        return [{ metric: undefined, part: handled(part) }]
      }
      return collector.metrics.map((metric) => ({
        metric,
        part: handled(makePart(renderSamples(collector, metric, { sets, created, database }, format))),
      }))
    })
  }
}

/** A promise that is awaited later, and may be rejected before that. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Returns what collectors show as of `now`: what it was the last time is the same object, and so is the whole. */
function look(
  databases: readonly Database[],
  now: number,
  last: readonly ShownSets[] = [],
): readonly ShownSets[] {
  let found: ShownSets[] | undefined
  let i = 0
  for (const { collectors } of databases) {
    for (const status of collectors.list) {
      const { sets } = status.shown(now)
      const before = last[i]
      const same = before?.status === status && before.sets === sets
      if (!same) found ??= last.slice(0, i)
      found?.push(same ? before : { status, sets, since: status.window?.since })
      i++
    }
  }
  return found ?? (i === last.length ? last : last.slice(0, i))
}
