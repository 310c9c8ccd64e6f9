import type { Collector } from '../contract/collector.ts'
import { CollectorStatus, type Limits } from './status.ts'

/** A collector, and the path of its file; undefined when it was added by other means. */
export interface Placed {
  readonly collector: Collector
  readonly file: string | undefined
}

/** The most collectors that are gone whose counters are kept, for when they come back. */
const MAX_GONE = 100

/** The collectors of one database, in the order in which they were added. */
export class Collectors {
  readonly #limits: Limits
  #list: readonly CollectorStatus[] = []
  /** Those that are gone, by name. */
  readonly #gone = new Map<string, CollectorStatus>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get list(): readonly CollectorStatus[] {
    return this.#list
  }

  /** Adds a collector unless it lists other databases. `file` is the path of its file. */
  add(collector: Collector, file?: string): void {
    if (this.#runs(collector))
      this.#list = [...this.#list, new CollectorStatus(collector, this.#limits, file)]
  }

  /**
   * Has these collectors, of which some may be there, take the place of all. One that has the name and the shape of
   * another goes on from what that has counted and shows. Returns those that begin.
   */
  replace(wanted: readonly Placed[]): readonly CollectorStatus[] {
    const before = this.#list
    const begin: CollectorStatus[] = []
    this.#list = wanted
      .filter(({ collector }) => this.#runs(collector))
      .map(({ collector, file }) => {
        const same = before.find((status) => status.collector === collector && status.file === file)
        if (same !== undefined) return same
        const status = new CollectorStatus(collector, this.#limits, file)
        const { name } = collector
        const last = before.find((other) => other.collector.name === name) ?? this.#gone.get(name)
        if (last === undefined || !status.continueFrom(last)) begin.push(status)
        return status
      })
    const names = new Set(this.#list.map(({ collector }) => collector.name))
    for (const status of before) {
      const { name } = status.collector
      if (!names.has(name) && status.collector.fault === undefined) this.#gone.set(name, status)
    }
    for (const name of this.#gone.keys()) {
      if (names.has(name) || this.#gone.size > MAX_GONE) this.#gone.delete(name)
    }
    return begin
  }

  #runs({ databases }: Collector): boolean {
    const { database } = this.#limits
    return databases === undefined || (database !== undefined && databases.includes(database))
  }
}
