import type { LockServer } from '../../test/model/lock-server.ts'
import type { Timeline } from '../../test/model/timeline.ts'
import type { Replica } from './replica.ts'

/** What befell the databases of a fleet. Times are in milliseconds. */
export class Watch {
  readonly #timeline: Timeline
  readonly #replicas: ReadonlySet<Replica>
  readonly #servers: readonly LockServer[]
  /** By database: since when nobody shows it who answers. */
  readonly #dark = new Map<number, number>()
  /** How long nobody showed a database, from when its server was there; and how long at most two did. */
  readonly gaps: number[] = []
  overlap = 0
  /** Moments at which rounds began, since it was last emptied. */
  began: number[] = []
  rounds = 0
  /** Ticks that were skipped, by database. */
  skipped: number[] = []

  constructor(timeline: Timeline, replicas: ReadonlySet<Replica>, servers: readonly LockServer[]) {
    this.#timeline = timeline
    this.#replicas = replicas
    this.#servers = servers
  }

  ran(): void {
    this.rounds++
    this.began.push(this.#timeline.now)
  }

  skip(database: number): void {
    this.skipped.push(database)
  }

  /** To be called whenever who shows a database may have changed. */
  look(database: number): void {
    const { now } = this.#timeline
    const ends = Array.from(this.#replicas, (replica) => replica.until(database)).filter(
      (until) => until > now,
    )
    // For how long both would go on: whatever happens to one of them, the other is right from then on.
    const [, second = now] = ends.toSorted((a, b) => b - a)
    this.overlap = Math.max(this.overlap, second - now)
    const shown = Array.from(this.#replicas).some(
      (replica) => replica.machine.answers && replica.until(database) > now,
    )
    const since = this.#dark.get(database)
    if (!shown) this.#dark.set(database, since ?? now)
    else if (since !== undefined) {
      this.#dark.delete(database)
      this.gaps.push(now - Math.max(since, this.#servers[database]?.backAt ?? 0))
    }
  }

  lookAtAll(): void {
    for (const database of this.#servers.keys()) this.look(database)
  }

  /** Databases that nobody shows whose servers are there. */
  get dark(): number {
    return this.#servers.filter((server, database) => server.up && this.#dark.has(database)).length
  }

  /** Forgets what was counted and measured, but for the overlap. */
  begin(): void {
    this.gaps.length = 0
    this.began = []
    this.skipped = []
    this.rounds = 0
  }
}
