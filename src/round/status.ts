import type { Collector } from '../contract/collector.ts'
import { isTimeout } from '../finding.ts'
import { Dictionary } from '../rows/dictionary.ts'
import type { LabelSets } from '../rows/label-set.ts'
import type { Samples } from '../samples/samples.ts'
import type { WindowState } from '../samples/window.ts'

/** What one run of a collector came to. Times are of the monotonic clock, in milliseconds. */
export interface Outcome {
  readonly status: CollectorStatus
  /** How long the run took, in seconds. */
  readonly seconds: number
  /** What it found, or why it found nothing. */
  readonly result: Samples | Error
  /** Where an incremental collector stands when the run succeeded. */
  readonly window?: WindowState
}

/** What is kept of one run of a collector. */
export interface Run {
  readonly seconds: number
  readonly failed: boolean
  /** Series on the page after it. */
  readonly series: number
}

/** Limits of a collector in milliseconds, `staleAfter` 0 keeps its values for ever; and the name of its database. */
export interface Limits {
  readonly database?: string | undefined
  readonly tick: number
  readonly timeout: number
  readonly staleAfter: number
}

/** How rarely a collector that keeps timing out runs at the least. */
const MOST_TICKS = 10
/** Runs that are kept. */
const RUNS = 60
/** How many texts that no row has any more are kept, beside as many as there are rows. */
const FORGOTTEN = 100

/** Where a collector stands: when it is due, how its last run ended, what it shows. */
export class CollectorStatus {
  readonly collector: Collector
  /** The path of its file; undefined when it was added by other means. */
  readonly file: string | undefined
  /** The name of the database that it asks, if that has one. */
  readonly database: string | undefined
  readonly timeout: number
  /** Milliseconds between two runs: its own interval, or the tick. */
  readonly interval: number
  /** How its last run ended. */
  last: Omit<Outcome, 'status'> | undefined
  /** Its last runs, the newest last. */
  readonly runs: Run[] = []
  /** The text of its query as it was last sent. */
  statement: string | undefined
  /** When it last succeeded, in seconds since 1970. */
  lastSuccess: number | undefined
  /** Where an incremental collector stands; undefined before its first run. */
  window: WindowState | undefined
  readonly #limits: Limits
  #ranAtTick: number | undefined
  /** Runs in a row that took too long. */
  #timeouts = 0
  #sets: LabelSets = []
  #series = 0
  #shownSince = 0
  #dictionaries: Dictionary[]
  /** One empty list for good: what is rendered of it is kept. */
  readonly #nothing: LabelSets = []

  constructor(collector: Collector, limits: Limits, file?: string) {
    this.collector = collector
    this.file = file
    this.database = limits.database
    this.timeout = collector.timeout ?? limits.timeout
    this.interval = Math.max(collector.interval ?? 0, limits.tick)
    this.#limits = limits
    this.#dictionaries = collector.labels.map(() => new Dictionary())
  }

  /** The texts of its labels for a run to use again, unless most of them are of the past. */
  dictionaries(): Dictionary[] {
    if (this.#dictionaries.some(({ size }) => size > 2 * this.#sets.length + FORGOTTEN)) {
      this.#dictionaries = this.collector.labels.map(() => new Dictionary())
    }
    return this.#dictionaries
  }

  get error(): Error | undefined {
    return this.last?.result instanceof Error ? this.last.result : undefined
  }

  /**
   * Ticks between two runs of a collector that keeps timing out: twice as many after each time, up to ten, for a query
   * that cannot end is not to be asked for all it can take. 1 otherwise.
   */
  get backoffTicks(): number {
    return Math.min(2 ** Math.max(this.#timeouts - 1, 0), MOST_TICKS)
  }

  /** Ticks until it runs next, counted from tick number `tick`: 0 when it is due at that one. */
  ticksUntilDue(tick: number): number {
    if (this.#ranAtTick === undefined) return 0
    // Counted in ticks, for a timer that fires a little early must not put a run off by a whole tick.
    const ticks = Math.max(Math.ceil(this.interval / this.#limits.tick), this.backoffTicks)
    return Math.max(this.#ranAtTick + ticks - tick, 0)
  }

  /** Where it stands, in a word: it has not run, its last run succeeded, or failed, or failed so often that its values are gone. */
  state(now: number): 'waiting' | 'ok' | 'failing' | 'stale' {
    if (this.last === undefined) return 'waiting'
    if (this.error === undefined) return 'ok'
    return this.lastSuccess !== undefined && this.isStale(now) ? 'stale' : 'failing'
  }

  /** Shows what is known before any run. */
  seed(sets: LabelSets, series: number, now: number): void {
    this.#show(sets, series, now)
  }

  /** Takes the outcome of the run at a tick. A failure leaves what is shown. */
  settle({ seconds, result, window }: Outcome, tick: number, now: number, time: number): void {
    this.last = { seconds, result }
    this.#ranAtTick = tick
    this.#timeouts = result instanceof Error && isTimeout(result) ? this.#timeouts + 1 : 0
    const failed = result instanceof Error
    if (!failed) {
      this.lastSuccess = time
      this.window = window
      this.#show(result.sets, result.series, now)
    }
    this.runs.push({ seconds, failed, series: this.shown(now).series })
    if (this.runs.length > RUNS) this.runs.shift()
  }

  /** Forgets what it found, as when it had never run: another replica goes on with it. */
  reset(): void {
    this.last = undefined
    this.lastSuccess = undefined
    this.window = undefined
    this.#ranAtTick = undefined
    this.#timeouts = 0
    this.#sets = this.#nothing
    this.#series = 0
  }

  /** What is on the page: nothing once the values of a failing collector are stale. */
  shown(now: number): { readonly sets: LabelSets; readonly series: number } {
    if (this.error !== undefined && this.isStale(now)) return { sets: this.#nothing, series: 0 }
    return { sets: this.#sets, series: this.#series }
  }

  /**
   * Whether its values are older than they may be. One run may fail before the values of a collector go whose
   * interval is as long as COLLECTOR_STALE_AFTER.
   */
  isStale(now: number): boolean {
    const { staleAfter } = this.#limits
    return staleAfter > 0 && now - this.#shownSince > Math.max(staleAfter, 2 * this.interval)
  }

  #show(sets: LabelSets, series: number, now: number): void {
    this.#sets = sets
    this.#series = series
    this.#shownSince = now
  }
}
