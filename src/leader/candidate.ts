import type { LockState } from './lock.ts'

/** What a replica does about the lock of one database. */
type Step = 'lead' | 'release' | 'take' | 'wait'

/** Decides what one replica does about the lock of one database. Times are milliseconds of a monotonic clock. */
export class Candidate {
  readonly #lease: number
  readonly #databases: number
  #freeSince: number | undefined
  #releasedAt = Number.NEGATIVE_INFINITY

  /** `databases` is how many there are to be shared among the replicas. */
  constructor(lease: number, databases: number) {
    this.#lease = lease
    this.#databases = databases
  }

  /**
   * Returns what to do when the lock was seen as it is `asked` for at that moment, and this replica leads `led` databases
   * or is about to. A lock that is free is for those that have prepared to take it, as this one may have. Without any, a
   * replica with less than an even share of the databases takes it; any replica takes one that nobody has taken for a
   * lease. A replica with more than its share gives one up.
   */
  decide(
    { members, held, mine, prepared }: LockState,
    asked: number,
    led: number,
    isPrepared: boolean,
  ): Step {
    const share = this.#share(members)
    if (held) this.#freeSince = undefined
    if (mine) return led > share ? 'release' : 'lead'
    if (held) return 'wait'
    this.#freeSince ??= asked
    const unwanted = asked - this.#freeSince >= this.#lease
    // For a lease, a lock that was given up is left to those that it was given up for.
    const welcome = !prepared && led < share && asked - this.#releasedAt >= this.#lease
    return isPrepared || welcome || unwanted ? 'take' : 'wait'
  }

  /** Whether to prepare for the lead that another replica is about to give up: that one has no share any more. */
  succeeds({ members, mine, quits }: LockState, led: number): boolean {
    return quits && !mine && led < this.#share(members - 1)
  }

  /** How many databases a replica leads at most when they are evenly divided. */
  #share(members: number): number {
    return Math.ceil(this.#databases / Math.max(members, 1))
  }

  /** Records that the lock was taken. */
  taken(): void {
    this.#freeSince = undefined
  }

  /** Records that the lock is given up. */
  released(now: number): void {
    this.#releasedAt = now
  }
}
