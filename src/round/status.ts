import type { Collector } from '../contract/collector.ts'
import { type Dictionary, dictionariesOf } from '../rows/dictionary.ts'
import { Pace } from '../samples/pace.ts'
import { shapeOf } from '../samples/saved-window.ts'
import type { WindowState } from '../samples/window.ts'
import type { Horizon } from '../samples/window-plan.ts'
import { addCounts, type Counts, NO_COUNTS } from './counts.ts'
import { Due, failureOf } from './due.ts'
import { exceedsHalf, History, isSlow, type Level } from './history.ts'
import type { PastRun, RunResult } from './run.ts'
import { type Content, NOTHING, Shown } from './shown.ts'
import { Strays } from './strays.ts'

/** The name of a database, and the limits of its collectors in milliseconds. `staleAfter` 0 keeps values for ever. */
export interface Limits {
  readonly database?: string | undefined
  readonly tick: number
  readonly timeout: number
  readonly staleAfter: number
}

/** The most past runs that are kept. */
const MAX_RUNS = 60
/** Unused texts that a dictionary may always hold. */
const SPARE_TEXTS = 100

/** Runs of a collector in a row that failed: since when, in seconds since 1970, and how many. */
export interface Failing {
  readonly since: number
  readonly runs: number
}

/** What came of the runs of a collector so far. Nothing changes it: a run replaces it. */
interface Past {
  readonly last?: RunResult
  readonly lastSuccess?: number
  readonly counts: Counts
  readonly window?: WindowState | undefined
  readonly started?: Horizon | undefined
  readonly published?: number
  readonly read?: WindowState | undefined
  readonly openRejected?: RunResult['openRejected']
  readonly failing?: Failing | undefined
  readonly lastFailure?: { readonly time: number; readonly error: Error }
}

const NEW: Past = { counts: NO_COUNTS }

/** What samples about a collector follow from. */
interface Facts {
  readonly past: Past
  readonly stray: Error | undefined
  readonly shown: Content
}

/** The status of a collector on one database: when it is due, how its runs ended, what it shows. */
export class CollectorStatus {
  readonly collector: Collector
  /** The path of its file; undefined when it was added by other means. */
  readonly file: string | undefined
  /** The name of the database that it asks, if that has one. */
  readonly database: string | undefined
  readonly timeout: number
  /** Milliseconds between two runs: its own interval, or the tick. */
  readonly interval: number
  /** The text of its query as it was last sent. */
  statement: string | undefined
  /** How it catches up. */
  readonly pace = new Pace()
  /** What its code threw where nobody waited for it. */
  readonly strays = new Strays()
  /** How it did in the last hour. */
  readonly history: History
  readonly #due: Due
  readonly #shown: Shown
  readonly #runs: PastRun[] = []
  #past = NEW
  #facts: Facts | undefined
  #dictionaries: Dictionary[]

  constructor(collector: Collector, limits: Limits, file?: string) {
    this.collector = collector
    this.file = file
    this.database = limits.database
    this.timeout = collector.timeout ?? limits.timeout
    this.interval = Math.max(collector.interval ?? 0, limits.tick)
    this.history = new History(limits.tick)
    this.#due = new Due(this.interval, limits.tick)
    this.#shown = new Shown(limits.staleAfter, this.interval)
    this.#dictionaries = dictionariesOf(collector.labels)
  }

  /** Its name, after that of its database when databases have names. */
  get name(): string {
    return this.database === undefined ? this.collector.name : `${this.database}/${this.collector.name}`
  }

  /** Milliseconds that a run may take, and be done before the next one. */
  get limit(): number {
    return Math.min(this.timeout, this.interval)
  }

  /** Whether its last run took more than half of that. */
  get nearsLimit(): boolean {
    return exceedsHalf(this.#past.last?.seconds ?? 0, this.limit)
  }

  /** How its last run ended. */
  get last(): RunResult | undefined {
    return this.#past.last
  }

  /** Why it does not run on the server that the last round asked, and shows nothing; undefined when it does. */
  get idle(): string | undefined {
    return this.#past.last?.idle
  }

  /** Why it fails: it cannot run, its code threw, or its last run failed; undefined when it does not. */
  get error(): Error | undefined {
    const ran = this.#past.last?.result instanceof Error ? this.#past.last.result : undefined
    return this.collector.fault ?? this.strays.since ?? ran
  }

  /** The runs that failed since its last success; undefined when its last run succeeded. */
  get failing(): Failing | undefined {
    return this.#past.failing
  }

  /** The last run that failed, in seconds since 1970, and why, also when it has succeeded since. */
  get lastFailure(): { readonly time: number; readonly error: Error } | undefined {
    return this.#past.lastFailure
  }

  /** When it last succeeded, in seconds since 1970. */
  get lastSuccess(): number | undefined {
    return this.#past.lastSuccess
  }

  /** Its last runs, the newest last. */
  get runs(): readonly PastRun[] {
    return this.#runs
  }

  /** Totals over its runs. */
  get counts(): Counts {
    return this.#past.counts
  }

  /** The state of a windowed collector; undefined before its first run. */
  get window(): WindowState | undefined {
    return this.#past.window
  }

  /** What the first snapshot saw: its counters start there, whatever came of its first run. */
  get started(): Horizon | undefined {
    return this.#past.started
  }

  /** What the last run rejected in its open window. */
  get openRejected(): RunResult['openRejected'] {
    return this.#past.openRejected
  }

  /** When the results of a run were last published, in milliseconds of the monotonic clock. */
  get published(): number | undefined {
    return this.#past.published
  }

  /**
   * Returns the state of a windowed collector that the last scrape has had, as far as it is known, when the page of the last
   * scrape was of this moment of the monotonic clock.
   */
  readWindow(scraped: number | undefined): WindowState | undefined {
    const { published, window, read } = this.#past
    return scraped !== undefined && published !== undefined && scraped >= published ? window : read
  }

  /**
   * Goes on from where another version of this collector is, unless the shape of that is another. Returns whether it
   * does. It is due at once.
   */
  continueFrom(other: CollectorStatus): boolean {
    const [a, b] = [this.collector, other.collector]
    const isSame = (a.settle === undefined) === (b.settle === undefined) && shapeOf(a) === shapeOf(b)
    if (!isSame || a.fault !== undefined || b.fault !== undefined) return false
    this.#past = other.#past
    this.#runs.push(...other.#runs)
    this.#shown.continueFrom(other.#shown)
    return true
  }

  /** Ticks between two runs while it keeps timing out; 1 otherwise. */
  get backoffTicks(): number {
    return this.#due.backoffTicks
  }

  /** Ticks to the next run if the one that runs now fails like that. */
  ticksAfter(failure: 'error' | 'timeout'): number {
    return this.#due.ticksAfter(failure)
  }

  /** Ticks until it runs next, counted from tick number `tick`: 0 when it is due at that one. */
  ticksUntilDue(tick: number): number {
    return this.#due.ticksUntil(tick)
  }

  /**
   * Returns its state: not run yet, last run succeeded, last run failed, or failing for so long that values are gone.
   */
  state(now: number): 'waiting' | 'ok' | 'failing' | 'stale' {
    if (this.error === undefined) return this.#past.last === undefined ? 'waiting' : 'ok'
    return this.#past.lastSuccess !== undefined && this.isStale(now) ? 'stale' : 'failing'
  }

  /** Returns what is on the page: nothing when it fails and its values are stale. */
  shown(now: number): Content {
    return this.#shown.isStale(now) && this.error !== undefined ? NOTHING : this.#shown.content
  }

  /** What all that the page tells of it follows from: another object after each change, which is also one of time. */
  facts(now: number): object {
    const [past, stray, shown] = [this.#past, this.strays.since, this.shown(now)]
    const known = this.#facts
    if (known?.past === past && known.stray === stray && known.shown === shown) return known
    this.#facts = { past, stray, shown }
    return this.#facts
  }

  /** When its values are older than `staleAfter`, in milliseconds of the monotonic clock; undefined without a success. */
  get staleAt(): number | undefined {
    return this.#past.lastSuccess === undefined ? undefined : this.#shown.staleAt
  }

  /** Returns whether its values are older than `staleAfter`. */
  isStale(now: number): boolean {
    return this.#shown.isStale(now)
  }

  /** Returns the dictionaries of its labels. Runs share them, and new ones replace them when most texts are unused. */
  dictionaries(): Dictionary[] {
    const inUse = this.#shown.content.sets.length
    if (this.#dictionaries.some(({ size }) => size > 2 * inUse + SPARE_TEXTS)) {
      this.#dictionaries = dictionariesOf(this.collector.labels)
    }
    return this.#dictionaries
  }

  /** Shows content that is known before any run. */
  seed(content: Content, now: number): void {
    this.#shown.replace(content, now)
  }

  /** Sets the state of a windowed collector before its first run: a saved one, or undefined to start from 0. */
  restore(window: WindowState | undefined): void {
    this.#past = { ...this.#past, window, started: undefined }
  }

  /** Makes its counters start with a snapshot, unless they have. */
  start(horizon: Horizon): void {
    if (this.#past.started === undefined) this.#past = { ...this.#past, started: horizon }
  }

  /**
   * Takes the result of the run at a tick; `time` is in seconds since 1970. A failure leaves what is shown, except for
   * zeros that no run has confirmed: only in a window something starts from 0. `scraped` is the time of the page that the
   * last scrape got.
   */
  publish(
    { seconds, result, window, openRejected, unavailable, idle, rows, asked }: RunResult,
    tick: number,
    now: number,
    time: number,
    scraped?: number,
  ): void {
    const failed = result instanceof Error
    const failure = failed ? failureOf(result, unavailable) : undefined
    this.#due.ran(tick, failure)
    this.pace.ended(failure === 'timeout')
    const { counts, ...past } = this.#past
    this.#past = {
      ...past,
      last: { seconds, result, unavailable, rows, asked, ...(idle === undefined ? {} : { idle }) },
      read: this.readWindow(scraped),
      counts: addCounts(counts, result),
      // A run that failed may have sealed some windows before that.
      ...(window === undefined ? {} : { window }),
      ...(failed
        ? {
            failing: { since: past.failing?.since ?? time, runs: (past.failing?.runs ?? 0) + 1 },
            lastFailure: { time, error: result },
          }
        : { failing: undefined, lastSuccess: time, published: now, openRejected }),
    }
    if (!failed) this.#shown.replace(result, now)
    else if (past.lastSuccess === undefined && this.collector.settle === undefined) this.#shown.clear()
    this.history.add(time * 1000, this.#levelOf(seconds, result), seconds)
    this.#runs.push({ seconds, failed, series: this.shown(now).series })
    if (this.#runs.length > MAX_RUNS) this.#runs.shift()
  }

  #levelOf(seconds: number, result: RunResult['result']): Level {
    if (result instanceof Error) return 'failed'
    if (result.rejection !== undefined) return 'rejected'
    const earlier = this.#runs.filter(({ failed }) => !failed).map(({ seconds }) => seconds)
    return isSlow(seconds, this.limit, earlier) ? 'slow' : 'ok'
  }

  /** Forgets everything but its past runs, because another replica collects it now. */
  reset(): void {
    this.#past = NEW
    this.#due.reset()
    this.#shown.clear()
  }
}
