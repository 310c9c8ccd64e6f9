import pLimit from 'p-limit'
import type { Latency } from '../../test/model/lock-server.ts'
import type { Machine } from '../../test/model/machine.ts'
import type { Timeline } from '../../test/model/timeline.ts'

/** Statements of one replica at once. */
const SESSIONS = 4

/**
 * Models the table that replicas keep counters in: what a claim and a write of one database do to its term. That PostgreSQL
 * does the same is tested by test/plugins/state/table.test.ts.
 */
export class Table {
  readonly #timeline: Timeline
  readonly #latency: Latency
  readonly #terms: number[]
  /** The moments of its writes. */
  readonly writes: number[] = []
  claims = 0
  /** Writes of a replica that was not the last to claim. */
  refused = 0

  constructor(timeline: Timeline, databases: number, latency: Latency) {
    this.#timeline = timeline
    this.#latency = latency
    this.#terms = new Array<number>(databases).fill(0)
  }

  begin(): void {
    this.writes.length = 0
    this.claims = 0
    this.refused = 0
  }

  /** The sessions of one replica. */
  of(machine: Machine) {
    const limit = pLimit(SESSIONS)
    const travel = () => new Promise<void>((resolve) => machine.after(this.#latency(), resolve))
    const ask = <T>(statement: () => T) =>
      limit(async () => {
        await travel()
        const answer = statement()
        await travel()
        return answer
      })
    return {
      claim: (database: number) =>
        ask(() => {
          this.claims++
          const term = (this.#terms[database] ?? 0) + 1
          this.#terms[database] = term
          return term
        }),
      write: (database: number, term: number) =>
        ask(() => {
          if (this.#terms[database] === term) this.writes.push(this.#timeline.now)
          else this.refused++
        }),
    }
  }
}
