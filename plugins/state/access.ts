// Reads and writes a store, and counts what fails. Imports src/ and its own folder only.
import { describeError } from '../../src/finding.ts'
import { errorFields, type Log } from '../../src/log.ts'
import type { Trouble } from '../../src/round/state.ts'
import type { SavedWindow } from '../../src/samples/saved-window.ts'
import { formatSeconds } from '../../src/time/age.ts'
import { within } from '../../src/time/deadline.ts'
import { Incident } from '../../src/time/incident.ts'
import type { Reading, Store } from './store.ts'

/** Milliseconds that a round waits for a write. */
export const PATIENCE = 5000

/** The way to a store. Of failures in a row the first is logged, and so is the end of them. */
export class Access {
  readonly #store: Store
  readonly #log: Log
  readonly #incident = new Incident()
  trouble: Trouble | undefined
  #writing = false
  failures = 0
  /** Whether the last read or write succeeded; undefined before the first. */
  success: boolean | undefined

  constructor(store: Store, log: Log) {
    this.#store = store
    this.#log = log
  }

  /** Reads what is kept of these collectors; resolves to an Error when that is not possible now. */
  async read(collectors: readonly string[]): Promise<Reading | Error> {
    try {
      const reading = await this.#store.read(collectors)
      for (const warning of reading.warnings)
        this.#log.warn({ event: 'state' }, `saved counters not used: ${warning}`)
      this.#succeeded()
      return reading
    } catch (cause) {
      const { variable } = this.#store
      const said = describeError(cause)
      if (this.#fails(said))
        this.#log.warn(
          { event: 'state', ...errorFields(cause) },
          `${variable} cannot be read, and counters wait for it: ${said}`,
        )
      return new Error(`its counters wait for ${variable}: ${said}`, { cause })
    }
  }

  /** Writes windows, unless a write is still running. Resolves to the collectors that another replica has read since. */
  async write(windows: ReadonlyMap<string, SavedWindow>): Promise<readonly string[]> {
    if (this.#writing) {
      this.failures++
      return []
    }
    this.#writing = true
    const written = this.#store.write(windows).finally(() => {
      this.#writing = false
    })
    try {
      const taken = await within(written, { ms: PATIENCE })
      this.#succeeded()
      return taken
    } catch (error) {
      const said = describeError(error)
      if (this.#fails(said))
        this.#log.warn(
          { event: 'state', ...errorFields(error) },
          `${this.#store.variable} cannot be written: ${said}`,
        )
      return []
    }
  }

  #succeeded(): void {
    this.success = true
    this.trouble = undefined
    const ended = this.#incident.end(performance.now())
    if (ended === undefined) return
    const { seconds, count: failures } = ended
    this.#log.info(
      { event: 'state', durationSeconds: seconds, failures },
      `${this.#store.variable} available again after ${formatSeconds(seconds)}; failures: ${failures}`,
    )
  }

  /** Counts a failure. Returns whether it is the first one in a row. */
  #fails(reason: string): boolean {
    this.failures++
    this.success = false
    this.trouble = { since: this.trouble?.since ?? Date.now(), variable: this.#store.variable, reason }
    const isFirst = this.#incident.begin(performance.now())
    this.#incident.add(1)
    return isFirst
  }
}
