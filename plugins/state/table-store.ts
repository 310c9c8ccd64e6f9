import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { describeError } from '../../src/finding.ts'
import {
  decodeWindow,
  encodeWindow,
  isShownSame,
  type SavedWindow,
  VERSION,
} from '../../src/samples/saved-window.ts'
import type { Reading, Store } from './store.ts'
import type { Claimed, StateTable, Written } from './table.ts'

/** Milliseconds after which a state is written although it shows the same: its moments are compared with others. */
const REFRESH = 300_000
/** Bytes of a state: far more than that of a million series. */
const MAX_STATE = 2 ** 29
/** No collector has a name with a dot in it. */
const REJECTED = '.rejected'

/** Compresses a state: its series have most of their text in common. */
const compress = promisify(gzip)
const expand = promisify(gunzip)

/** The states of one database's collectors in the table of STATE_URL, a row each. */
export class TableStore implements Store {
  readonly variable = 'STATE_URL'
  readonly #table: StateTable
  /** LEADER_GROUP, and the name of the database; both may be empty. */
  readonly #service: string
  readonly #database: string
  /** The claim of each collector. */
  readonly #terms = new Map<string, number>()
  /** What the table has. */
  readonly #written = new Map<string, SavedWindow>()
  #number = 0

  constructor(table: StateTable, service: string, database: string) {
    this.#table = table
    this.#service = service
    this.#database = database
  }

  check(): void {}

  async read(collectors: readonly string[]): Promise<Reading> {
    const rows = await this.#table.claim(this.#service, this.#database, collectors)
    const windows = new Map<string, SavedWindow>()
    const warnings: string[] = []
    for (const row of rows) {
      this.#terms.set(row.collector, row.term)
      this.#written.delete(row.collector)
      if (row.state === null) continue
      try {
        windows.set(row.collector, await decode(row))
      } catch (error) {
        const copy = await this.keep(row.collector)
        warnings.push(
          `STATE_URL has a state of collector "${row.collector}" that is rejected and kept as ${copy}; its counters start from 0: ${describeError(error)}`,
        )
      }
    }
    for (const [name, window] of windows) this.#written.set(name, window)
    return { windows, warnings }
  }

  async write(windows: ReadonlyMap<string, SavedWindow>): Promise<readonly string[]> {
    const changed = [...windows].filter(([name, window]) => this.#isChanged(name, window))
    if (changed.length === 0) return []
    const number = ++this.#number
    const states = await Promise.all(
      changed.map(
        async ([collector, window]): Promise<Written> => ({
          collector,
          term: this.#terms.get(collector) ?? 0,
          number,
          version: VERSION,
          sealed: window.sealedTo,
          state: (await compress(encodeWindow(window))).toString('base64'),
        }),
      ),
    )
    const written = new Set(await this.#table.write(this.#service, this.#database, states))
    for (const [name, window] of changed) if (written.has(name)) this.#written.set(name, window)
    return changed.flatMap(([name]) => (written.has(name) ? [] : name))
  }

  async keep(collector: string): Promise<string> {
    const copy = `${collector}${REJECTED}`
    await this.#table.keep(this.#service, this.#database, collector, copy)
    return copy
  }

  /** Whether a window is worth a write: one that shows the same goes on as well from what was written before. */
  #isChanged(name: string, window: SavedWindow): boolean {
    const before = this.#written.get(name)
    if (before === undefined || !isShownSame(before, window)) return true
    const age = Date.parse(window.written ?? '') - Date.parse(before.written ?? '')
    return !(age < REFRESH)
  }
}

/** Rejects when it is not a whole state of this version. */
async function decode({ version, state }: Claimed): Promise<SavedWindow> {
  if (version !== VERSION) {
    throw new Error(`it is of version ${JSON.stringify(version)}, and this is version ${VERSION}`)
  }
  const bytes = await expand(Buffer.from(state ?? '', 'base64'), { maxOutputLength: MAX_STATE })
  return decodeWindow(bytes.toString())
}
