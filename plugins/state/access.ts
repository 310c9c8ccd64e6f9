// Reads and writes a store, and counts what fails. Imports src/ and its own folder only.

import { describeError } from '../../src/finding.ts'
import type { Log } from '../../src/log.ts'
import type { Trouble } from '../../src/round/state.ts'
import type { SavedWindow } from '../../src/samples/saved-window.ts'
import { within } from '../../src/time/deadline.ts'
import type { Reading, Store } from './store.ts'

/** Milliseconds that a round waits for a write. */
export const PATIENCE = 5000

/** The way to a store. Of failures in a row the first is logged, and so is the end of them. */
export class Access {
  readonly #store: Store
  readonly #log: Log
  trouble: Trouble | undefined
  #writing = false
  failures = 0

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
        this.#log.warn({ event: 'state' }, `${variable} cannot be read, and counters wait for it: ${said}`)
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
        this.#log.warn({ event: 'state' }, `${this.#store.variable} cannot be written: ${said}`)
      return []
    }
  }

  #succeeded(): void {
    if (this.trouble !== undefined)
      this.#log.info({ event: 'state' }, `${this.#store.variable} available again`)
    this.trouble = undefined
  }

  /** Counts a failure. Returns whether it is the first one in a row. */
  #fails(reason: string): boolean {
    this.failures++
    const { since } = this.trouble ?? {}
    this.trouble = { since: since ?? Date.now(), variable: this.#store.variable, reason }
    return since === undefined
  }
}
