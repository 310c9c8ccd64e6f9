import { describeError, Mistake } from '../../src/finding.ts'
import { decodeState, encodeState, type SavedWindow } from '../../src/samples/saved-window.ts'
import type { StateFile } from './file.ts'
import type { Reading, Store } from './store.ts'

/** The states of one database's collectors in one file. */
export class FileStore implements Store {
  readonly variable = 'STATE_FILE'
  readonly #file: StateFile

  constructor(file: StateFile) {
    this.#file = file
  }

  check(): void {
    if (this.#file.hasFolder) return
    throw new Mistake(
      `STATE_FILE is "${this.#file.path}", in a folder that is not there or may not be entered`,
      'make the folder, or mount it: no counter would outlive a restart',
    )
  }

  async read(): Promise<Reading> {
    this.#file.clean()
    let text: string | undefined
    try {
      text = this.#file.read()
    } catch (error) {
      return none(`STATE_FILE cannot be read; all counters start from 0: ${describeError(error)}`)
    }
    if (text === undefined) return none()
    try {
      return { windows: new Map(Object.entries(decodeState(text))), warnings: [] }
    } catch (error) {
      const { rejected } = this.#file
      const warning = `STATE_FILE rejected and kept as ${rejected}; all counters start from 0: ${describeError(error)}`
      try {
        this.#file.reject()
        return none(warning)
      } catch (error) {
        return none(warning, `STATE_FILE cannot be kept as ${rejected}: ${describeError(error)}`)
      }
    }
  }

  async write(windows: ReadonlyMap<string, SavedWindow>): Promise<readonly string[]> {
    await this.#file.write(encodeState(Object.fromEntries(windows)))
    return []
  }

  async keep(): Promise<string> {
    this.#file.keepCopy()
    return this.#file.rejected
  }
}

function none(...warnings: readonly string[]): Reading {
  return { windows: new Map(), warnings }
}
