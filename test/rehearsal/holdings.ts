import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { answered, onServer } from '../cluster/session.ts'
import { DEFECT, MOST_MEMORY } from '../faults/process.ts'
import { poll } from '../poll.ts'
import type { Stage } from './stage.ts'

/** Milliseconds between two looks. */
const PACE = 1000
/** How often in a row sessions have to be seen to count: one whose client is gone is there until its server notices. */
const LOOKS = 5
/** Sessions of a replica: COLLECTOR_CONCURRENCY and one, one that holds the lock, and one or two for the counters. */
const SESSIONS = 8
/** Milliseconds for the last session to end. */
const PATIENCE = 30_000

/** Watches the memory of the replicas, and their sessions at all members together. */
export class Holdings {
  readonly #stage: Stage
  readonly #looks: number[] = []
  readonly #resident: number[] = []
  #most = 0
  #peak = 0
  #watching = true

  constructor(t: Test, stage: Stage) {
    this.#stage = stage
    t.teardown(() => {
      this.#watching = false
    })
    void this.#watch()
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      this.#looks.push(await this.#sessions())
      this.#most = Math.max(this.#most, Math.min(...this.#looks.slice(-LOOKS)))
      for (const { service } of this.#stage.replicas) {
        try {
          const status = readFileSync(`/proc/${service.child.pid}/status`, 'utf8')
          const of = (field: string) =>
            Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024
          this.#resident.push(of('VmRSS'))
          this.#peak = Math.max(this.#peak, of('VmHWM'))
        } catch {
          // It was killed.
        }
      }
      await delay(PACE)
    }
  }

  /** How many sessions there are at all members that answer. */
  async #sessions(): Promise<number> {
    const { cluster } = this.#stage
    const counts = cluster.members.map(({ endpoint }) =>
      onServer(cluster.url([endpoint]), async (sql) => {
        const [row] = await answered(sql<{ count: number }[]>`
          SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename IN ('metrics', 'metrics_state')`)
        return row?.count ?? 0
      }).catch(() => 0),
    )
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  /** Ends the replicas, and checks what they held, what they logged and what they leave. */
  async end(t: Test): Promise<void> {
    const { replicas } = this.#stage
    const median = this.#resident.toSorted((a, b) => a - b)[this.#resident.length >> 1] ?? Number.NaN
    t.comment(`memory: ${megabytes(median)} in the median, ${megabytes(this.#peak)} at the most`)
    t.comment(`sessions: ${this.#looks.at(-1)} at the end, ${this.#most} at the most`)
    t.ok(this.#peak < MOST_MEMORY, `${megabytes(this.#peak)} of memory at the most`)
    t.ok(this.#most <= SESSIONS * replicas.length, `${this.#most} sessions at the most`)
    for (const replica of replicas) {
      replica.signal('SIGTERM')
      t.equal(await replica.service.exit, 0, `the ${replica.name} replica ends when it is told to`)
      for (const { output } of replica.processes)
        t.notMatch(output(), DEFECT, `the ${replica.name} replica logged no defect`)
    }
    const left = answered(
      poll(
        () => this.#sessions(),
        (count) => count === 0,
      ),
      PATIENCE,
    )
    t.equal(await left.catch(() => this.#sessions()), 0, 'they leave no session')
  }
}

const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`
