import type { Collector } from '../contract/collector.ts'
import { CollectorStatus, type Limits } from './status.ts'

/** The collectors of one database, in the order in which they were added. */
export class Collectors {
  readonly #limits: Limits
  readonly #list: CollectorStatus[] = []

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get list(): readonly CollectorStatus[] {
    return this.#list
  }

  /** Adds a collector unless it lists other databases. `file` is the path of its file. */
  add(collector: Collector, file?: string): void {
    const { databases } = collector
    const { database } = this.#limits
    if (databases !== undefined && (database === undefined || !databases.includes(database))) return
    this.#list.push(new CollectorStatus(collector, this.#limits, file))
  }
}
