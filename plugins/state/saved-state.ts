// Saves what the windowed collectors of one database have counted. Imports src/ and its own folder only.
import { describeError, Mistake } from '../../src/finding.ts'
import type { Log } from '../../src/log.ts'
import type { Collectors } from '../../src/round/collectors.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import type { State } from '../../src/round/state.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { impossibleTotal } from '../../src/samples/impossible.ts'
import { restoreWindow, type SavedWindow, saveWindow } from '../../src/samples/saved-window.ts'
import { asRead } from '../../src/samples/window.ts'
import { formatDuration } from '../../src/time/duration.ts'
import { formatMoment, later, type Moment, parseMoment } from '../../src/time/moment.ts'
import { Access } from './access.ts'
import type { Store } from './store.ts'

/** Whose state it is that a store keeps. */
export interface SavedOptions {
  /** Milliseconds of STATE_MAX_AGE. */
  readonly maxAge: number
  readonly collectors: Collectors
  /** Whether another replica may have shown the counters before. */
  readonly elected: boolean
  readonly log: Log
}

/** Milliseconds that the clock of the database may be behind what a saved state has counted: the counters wait for it. */
const CLOCK_PATIENCE = 60_000

/** The state of the collectors of one database, as its store has it. */
export class SavedState implements State {
  readonly #store: Store
  readonly #options: SavedOptions
  /** Windows by collector. Those of collectors that do not run stay as they were read. */
  readonly #windows = new Map<string, SavedWindow>()
  /** The term that they are read in, and the collectors whose state was. */
  #term: number | undefined
  readonly #read = new Set<string>()
  /** Why they cannot be read. */
  #unread: Error = new Error('its counters are not read yet')
  /** The collectors that another replica has read since. */
  readonly #taken = new Set<string>()
  readonly #access: Access

  constructor(store: Store, options: SavedOptions) {
    this.#store = store
    this.#options = options
    this.#access = new Access(store, options.log)
  }

  get failures(): number {
    return this.#access.failures
  }

  get success(): boolean | undefined {
    return this.#term === undefined ? undefined : this.#access.success
  }

  get trouble(): State['trouble'] {
    return this.#access.trouble
  }

  check(): void {
    this.#store.check()
  }

  async open(term: number): Promise<readonly CollectorStatus[]> {
    if (this.#term !== term) this.end()
    this.#term = term
    // A reload may have brought some since.
    const unread = this.#options.collectors.list.filter(
      ({ collector: { name, settle } }) => settle !== undefined && !this.#read.has(name),
    )
    const names = unread.map(({ collector }) => collector.name)
    if (names.length === 0) return []
    const reading = await this.#access.read(names)
    if (reading instanceof Error) {
      this.#unread = reading
      return []
    }
    if (this.#term !== term) return []
    // A file has all of them again.
    for (const [name, window] of reading.windows) if (!this.#read.has(name)) this.#windows.set(name, window)
    for (const name of names) this.#read.add(name)
    for (const status of unread) this.restore(status)
    return unread.filter(({ window, collector }) => window === undefined || this.#isLast(collector.name))
  }

  end(): void {
    this.#term = undefined
    this.#windows.clear()
    this.#read.clear()
    this.#taken.clear()
  }

  hindrance({ collector: { name, settle } }: CollectorStatus): Error | undefined {
    if (settle === undefined) return undefined
    if (!this.#read.has(name)) return this.#unread
    if (!this.#taken.has(name)) return undefined
    return new Mistake(
      'another replica has read its counters, and goes on from there',
      'set LEADER_ELECTION=true for all replicas, or another LEADER_GROUP for those that count apart',
    )
  }

  /** Whether a state is the last that was shown: a leader that was cut off may have shown more than it could write. */
  #isLast(name: string): boolean {
    return !this.#options.elected || this.#windows.get(name)?.left === true
  }

  restore(status: CollectorStatus): void {
    const { log, elected } = this.#options
    const { variable } = this.#store
    const { name } = status.collector
    const saved = this.#windows.get(name)
    if (saved === undefined || status.collector.settle === undefined) return
    // A page of another replica has shown it: where this one goes on, the step from there must be seen.
    const zero = elected && this.#isLast(name) ? 'unpublished' : undefined
    const window = restoreWindow(status.collector, saved, zero)
    const impossible = window && impossibleTotal(status.collector, saved)
    if (window === undefined) {
      log.warn(
        { event: 'state', collector: name },
        `counters start from 0: their labels or metrics are not those of ${variable}`,
      )
    } else if (impossible !== undefined) {
      this.#drop(status, `${variable} has a total that cannot be: ${impossible}`)
    } else {
      status.restore(window)
      log.info(
        { event: 'state', collector: name, sealedTo: saved.sealedTo },
        `counters restored from ${variable}`,
      )
    }
  }

  get last(): State['last'] {
    const saved = [...this.#windows.values()]
      .flatMap(({ time, written }) => (time === undefined || written === undefined ? [] : { time, written }))
      .sort((a, b) => Date.parse(a.written) - Date.parse(b.written))
      .at(-1)
    if (saved === undefined) return undefined
    const elapsed = Date.now() - Date.parse(saved.written)
    return elapsed > this.#options.maxAge ? undefined : { moment: parseMoment(saved.time), elapsed }
  }

  expire(status: CollectorStatus, now: Moment): void {
    const { window, lastSuccess, collector } = status
    // Only a saved state expires: a service that kept running catches up with everything it missed.
    if (window === undefined || lastSuccess !== undefined) return
    const saved = this.#windows.get(collector.name)
    if (saved === undefined) return
    const { written = saved.sealedTo } = saved
    const { variable } = this.#store
    if (Date.now() - Date.parse(written) > this.#options.maxAge) {
      const maxAge = formatDuration(this.#options.maxAge)
      this.#drop(status, `${variable} was written at ${written}, more than ${maxAge} ago (STATE_MAX_AGE)`)
    } else if (window.sealedTo > later(now, CLOCK_PATIENCE)) {
      this.#drop(
        status,
        `${variable} has counted to ${saved.sealedTo}, and the clock of the database is at ${formatMoment(now)}`,
      )
    }
  }

  /** Has a collector start from 0, and keeps what it does not go on from. */
  #drop(status: CollectorStatus, why: string): void {
    const { name } = status.collector
    const { log } = this.#options
    const { variable } = this.#store
    this.#windows.delete(name)
    status.restore(undefined)
    log.warn({ event: 'state', collector: name }, `counters start from 0: ${why}`)
    this.#store.keep(name).then(
      (copy) => log.info({ event: 'state', collector: name }, `what ${variable} had is kept as ${copy}`),
      (error) =>
        log.warn(
          { event: 'state', collector: name },
          `what ${variable} had cannot be kept: ${describeError(error)}`,
        ),
    )
  }

  async save(outcomes: readonly Outcome[]): Promise<void> {
    if (this.#term === undefined) return
    let changed = false
    for (const { status, window } of outcomes) {
      if (window === undefined) continue
      changed = true
      this.#windows.set(status.collector.name, saveWindow(status.collector, window, Date.now()))
    }
    if (changed) await this.#write()
  }

  async leave(scraped: number | undefined): Promise<void> {
    const { elected, collectors } = this.#options
    if (this.#term === undefined || !elected) return
    for (const status of collectors.list) {
      const { collector, window, published } = status
      if (window === undefined || published === undefined) continue
      const read = asRead(collector, window, status.readWindow(scraped))
      this.#windows.set(collector.name, { ...saveWindow(collector, read, Date.now()), left: true })
    }
    await this.#write()
  }

  async #write(): Promise<void> {
    for (const name of await this.#access.write(this.#windows)) this.#take(name)
  }

  #take(collector: string): void {
    if (this.#taken.has(collector)) return
    this.#taken.add(collector)
    this.#options.log.warn({ event: 'state', collector }, 'counters are read and counted by another replica')
  }
}
