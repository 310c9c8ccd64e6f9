import type { LockServer } from '../../test/model/lock-server.ts'
import type { Timeline } from '../../test/model/timeline.ts'
import type { Replica } from './replica.ts'

/** Records what happens to the databases of a fleet. Times are in milliseconds. */
export class Watch {
  readonly #timeline: Timeline
  readonly #replicas: ReadonlySet<Replica>
  readonly #servers: readonly LockServer[]
  /** By database, the moment since when no replica that answers shows it. */
  readonly #dark = new Map<number, number>()
  /** How long no replica showed a database whose server was up. */
  readonly gaps: number[] = []
  /** How long two replicas showed one database at most. */
  overlap = 0
  /** The moments at which rounds began. */
  began: number[] = []
  rounds = 0
  /** The database of each tick that was skipped. */
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

  /** Looks who shows a database. Is to be called each time that this may have changed. */
  look(database: number): void {
    const { now } = this.#timeline
    const ends = Array.from(this.#replicas, (replica) => replica.until(database)).filter(
      (until) => until > now,
    )
    // When two show it, both go on until the lease of the second ends.
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

  /** How many databases no replica shows although their servers are up. */
  get dark(): number {
    return this.#servers.filter((server, database) => server.up && this.#dark.has(database)).length
  }

  /** Forgets all but the overlap. */
  begin(): void {
    this.gaps.length = 0
    this.began = []
    this.skipped = []
    this.rounds = 0
  }
}
