/** What a replica sees of the lock of one database. */
export interface View {
  /** Replicas that would lead. */
  readonly members: number
  /** Whether one of them does. */
  readonly held: boolean
  /** Whether it is this one. */
  readonly mine: boolean
}

/** How many databases this replica leads, or is about to, of how many. */
export interface Share {
  readonly held: number
  readonly databases: number
}

export type Step = 'take' | 'release' | 'wait'

/**
 * What one replica knows of leading one database. Times are milliseconds of a monotonic clock. It leads for a lease from
 * when it last asked and was told so, and after as long the server ends the session of one that does not ask: so it has
 * stopped before another can begin.
 */
export class Candidate {
  readonly #lease: number
  #until = 0
  #freeSince: number | undefined
  #releasedAt = Number.NEGATIVE_INFINITY

  constructor(lease: number) {
    this.#lease = lease
  }

  /** The moment up to which no other replica leads; of the past when this one does not. */
  get until(): number {
    return this.#until
  }

  /**
   * What to do, given what was seen when it was asked at `asked`. A lock that is free is taken by whoever has less than
   * an even share of the databases; by anybody when it stays free. Who has more gives one up.
   */
  look({ members, held, mine }: View, asked: number, { held: own, databases }: Share): Step {
    const fair = Math.ceil(databases / Math.max(members, 1))
    if (held) this.#freeSince = undefined
    if (mine) {
      this.#until = asked + this.#lease
      return own > fair ? 'release' : 'wait'
    }
    this.#until = 0
    if (held) return 'wait'
    this.#freeSince ??= asked
    const unwanted = asked - this.#freeSince >= this.#lease
    const welcome = own < fair && asked - this.#releasedAt >= this.#lease
    return welcome || unwanted ? 'take' : 'wait'
  }

  /** The lock was taken by what was asked at `asked`. */
  taken(asked: number): void {
    this.#until = asked + this.#lease
    this.#freeSince = undefined
  }

  /** The session was lost, and the lock with it if the server has ended that. */
  lost(): void {
    this.#until = 0
  }

  /** The lock was given up, or is about to be. */
  released(now: number): void {
    this.#until = 0
    this.#releasedAt = now
  }
}
