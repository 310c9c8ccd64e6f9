import type { SavedWindow } from '../../src/samples/saved-window.ts'

/** What a store had, by the name of the collector. */
export interface Reading {
  readonly windows: ReadonlyMap<string, SavedWindow>
  /** What is to be said of states that were there and cannot be used. */
  readonly warnings: readonly string[]
}

/** Where the counters of one database are kept over restarts. */
export interface Store {
  /** The variable that names it. */
  readonly variable: 'STATE_FILE' | 'STATE_URL'
  /** Throws a Mistake when nothing can ever be kept there. */
  check(): void
  /**
   * Reads what is kept of these collectors. What an earlier reader writes from then on changes nothing, where that can be
   * told. Rejects when it cannot be read now.
   */
  read(collectors: readonly string[]): Promise<Reading>
  /**
   * Writes the windows of all collectors, as far as they have changed. Resolves to the collectors that another replica has
   * read since, whose windows were not written. Rejects when nothing is certain to be written.
   */
  write(windows: ReadonlyMap<string, SavedWindow>): Promise<readonly string[]>
  /** Keeps a copy of a collector's state that is about to be replaced. Resolves to where it is. */
  keep(collector: string): Promise<string>
}
