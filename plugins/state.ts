// State: keeps windowed counters in STATE_FILE or STATE_URL. Imports src/ and plugins/state/ only.
import type { Session } from '../src/query/db.ts'
import type { State } from '../src/round/state.ts'
import { PATIENCE } from './state/access.ts'
import { pathOf, StateFile } from './state/file.ts'
import { FileStore } from './state/file-store.ts'
import { type SavedOptions, SavedState } from './state/saved-state.ts'
import type { Store } from './state/store.ts'
import { StateTable } from './state/table.ts'
import { TableStore } from './state/table-store.ts'

/** The store of one database, and whose state it is. */
export interface StateOptions extends SavedOptions {
  /** Undefined when nothing is saved. */
  readonly store: Store | undefined
}

/** What the stores of all databases have in common. */
export interface Stores {
  /** Returns the store of a database; undefined when nothing is saved. */
  of(database: string | undefined): Store | undefined
  close(): Promise<void>
}

/** Where STATE_FILE and STATE_URL say that counters are kept. `session` opens one with the server of STATE_URL. */
export function openStores(
  file: string | undefined,
  session: ((signal: AbortSignal) => Promise<Session>) | undefined,
  group: string,
  tick: number,
): Stores {
  if (session === undefined) {
    return {
      of: (database) =>
        file === undefined ? undefined : new FileStore(new StateFile(pathOf(file, database))),
      async close() {},
    }
  }
  const table = new StateTable(session, Math.min(PATIENCE, tick / 2))
  return { of: (database = '') => new TableStore(table, group, database), close: () => table.close() }
}

/** Saves what the windowed collectors of one database have counted, if there is a store. */
export function openState(options: StateOptions): State {
  const { store } = options
  if (store !== undefined) return new SavedState(store, options)
  return {
    failures: 0,
    success: undefined,
    trouble: undefined,
    last: undefined,
    check() {},
    open: async () => [],
    end() {},
    hindrance: () => undefined,
    restore() {},
    expire() {},
    leave: async () => {},
    save: async () => {},
  }
}
