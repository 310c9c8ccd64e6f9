// State: keeps windowed counters in STATE_FILE. Imports src/ and plugins/state/ only.
import type { FastifyBaseLogger } from 'fastify'
import { describeError, Mistake } from '../src/finding.ts'
import type { Collectors } from '../src/round/collectors.ts'
import type { Outcome } from '../src/round/outcome.ts'
import type { State } from '../src/round/state.ts'
import type { CollectorStatus } from '../src/round/status.ts'
import { impossibleTotal } from '../src/samples/impossible.ts'
import {
  decodeState,
  encodeState,
  restoreWindow,
  type SavedWindow,
  saveWindow,
} from '../src/samples/saved-window.ts'
import { within } from '../src/time/deadline.ts'
import { formatDuration } from '../src/time/duration.ts'
import { formatMoment, later, type Moment, parseMoment } from '../src/time/moment.ts'
import { pathOf, StateFile } from './state/file.ts'

/** The file for the state of one database, and whose state it is. */
export interface StateOptions {
  /** STATE_FILE; undefined when nothing is saved. */
  readonly file: string | undefined
  /** Milliseconds of STATE_MAX_AGE. */
  readonly maxAge: number
  /** The name of the database. */
  readonly name: string | undefined
  readonly collectors: Collectors
  readonly log: FastifyBaseLogger
}

/** Milliseconds that a round waits for the disk. */
const WRITE_TIMEOUT = 5000
/** Milliseconds that the clock of the database may be behind what a saved state has counted: the counters wait for it. */
const PATIENCE = 60_000

/** Saves what the windowed collectors of one database have counted in STATE_FILE, if that is set. */
export function openState(options: StateOptions): State {
  const { file, name } = options
  if (file === undefined)
    return { failures: 0, last: undefined, load() {}, restore() {}, expire() {}, save: async () => {} }
  return new SavedState(new StateFile(pathOf(file, name)), options)
}

class SavedState implements State {
  readonly #file: StateFile
  readonly #maxAge: number
  readonly #collectors: Collectors
  readonly #log: FastifyBaseLogger
  /** Windows by collector. Those of collectors that do not run stay as they were read. */
  readonly #windows = new Map<string, SavedWindow>()
  #failing = false
  #writing = false
  failures = 0

  constructor(file: StateFile, { maxAge, collectors, log }: StateOptions) {
    this.#file = file
    this.#maxAge = maxAge
    this.#collectors = collectors
    this.#log = log
  }

  load(): void {
    if (!this.#file.hasFolder) {
      throw new Mistake(
        `STATE_FILE is "${this.#file.path}", in a folder that is not there or may not be entered`,
        'make the folder, or mount it: no counter would outlive a restart',
      )
    }
    this.#file.clean()
    let text: string | undefined
    try {
      text = this.#file.read()
    } catch (error) {
      this.#log.warn(`STATE_FILE cannot be read; all counters start from 0: ${describeError(error)}`)
    }
    if (text === undefined) return
    try {
      for (const [name, saved] of Object.entries(decodeState(text))) this.#windows.set(name, saved)
    } catch (error) {
      this.#log.warn(
        `STATE_FILE rejected and kept as ${this.#file.rejected}; all counters start from 0: ${describeError(error)}`,
      )
      this.#setAside(() => this.#file.reject())
      return
    }
    for (const status of this.#collectors.list) this.restore(status)
  }

  restore(status: CollectorStatus): void {
    const { name, settle } = status.collector
    const saved = this.#windows.get(name)
    if (saved === undefined || settle === undefined) return
    const window = restoreWindow(status.collector, saved)
    const impossible = window && impossibleTotal(status.collector, saved)
    if (window === undefined) {
      this.#log.warn(
        { collector: name },
        'counters start from 0: their labels or metrics are not those of STATE_FILE',
      )
    } else if (impossible !== undefined) {
      this.#drop(status, `STATE_FILE has a total that cannot be: ${impossible}`)
    } else {
      status.restore(window)
      this.#log.info({ collector: name, sealedTo: saved.sealedTo }, 'counters restored from STATE_FILE')
    }
  }

  /** Sets the file aside. Failing to do so is only a warning. */
  #setAside(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#log.warn(`STATE_FILE cannot be kept as ${this.#file.rejected}: ${describeError(error)}`)
    }
  }

  get last(): State['last'] {
    const saved = [...this.#windows.values()]
      .flatMap(({ time, written }) => (time === undefined || written === undefined ? [] : { time, written }))
      .sort((a, b) => Date.parse(a.written) - Date.parse(b.written))
      .at(-1)
    if (saved === undefined) return undefined
    const elapsed = Date.now() - Date.parse(saved.written)
    return elapsed > this.#maxAge ? undefined : { moment: parseMoment(saved.time), elapsed }
  }

  expire(status: CollectorStatus, now: Moment): void {
    const { window, lastSuccess, collector } = status
    // Only a state from the file expires: a service that kept running catches up with everything it missed.
    if (window === undefined || lastSuccess !== undefined) return
    const saved = this.#windows.get(collector.name)
    if (saved === undefined) return
    const { written = saved.sealedTo } = saved
    if (Date.now() - Date.parse(written) > this.#maxAge) {
      const maxAge = formatDuration(this.#maxAge)
      this.#drop(status, `STATE_FILE was written at ${written}, more than ${maxAge} ago (STATE_MAX_AGE)`)
    } else if (window.sealedTo > later(now, PATIENCE)) {
      this.#drop(
        status,
        `STATE_FILE has counted to ${saved.sealedTo}, and the clock of the database is at ${formatMoment(now)}`,
      )
    }
  }

  /** Has a collector start from 0, and keeps what it does not go on from. */
  #drop(status: CollectorStatus, why: string): void {
    const { name } = status.collector
    this.#log.warn({ collector: name }, `counters start from 0: ${why}; it is kept as ${this.#file.rejected}`)
    this.#setAside(() => this.#file.keepCopy())
    this.#windows.delete(name)
    status.restore(undefined)
  }

  async save(outcomes: readonly Outcome[]): Promise<void> {
    let changed = false
    for (const { status, window } of outcomes) {
      if (window === undefined) continue
      changed = true
      this.#windows.set(status.collector.name, saveWindow(status.collector, window, Date.now()))
    }
    if (!changed) return
    if (this.#writing) {
      this.failures++
      return
    }
    this.#writing = true
    const written = this.#file.write(encodeState(Object.fromEntries(this.#windows))).finally(() => {
      this.#writing = false
    })
    try {
      await within(written, { ms: WRITE_TIMEOUT })
      if (this.#failing) this.#log.info('STATE_FILE is writable again')
      this.#failing = false
    } catch (error) {
      this.failures++
      if (!this.#failing) this.#log.warn(`STATE_FILE cannot be written: ${describeError(error)}`)
      this.#failing = true
    }
  }
}
