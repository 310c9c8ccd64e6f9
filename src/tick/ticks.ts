/** The ticks of one database, from its quorum to the end of the service. */
export interface Ticks {
  /** Milliseconds from one tick to the next. */
  readonly duration: number
  /** The number of the last tick: 0 is the first round. */
  readonly tick: number
  /** How many ticks were skipped because the previous round was still running. */
  readonly skipped: number
  /** When the next tick is, in milliseconds since 1970; undefined before the first round. */
  readonly nextTickAt: number | undefined
  /**
   * Waits for the quorum of the database, shows zeros, starts the first round and then one at every tick; with
   * LEADER_ELECTION while this replica leads. The second tick comes half a tick to a tick after the first round, by
   * chance, so that services that start together do not go on in step; the ticks of several databases are spread over a
   * tick. Resolves when the first round has started, or when the service stops before that. Rejects when
   * DATABASE_WAIT_TIMEOUT has passed.
   */
  start(): Promise<void>
  /** Starts no more rounds, gives the running one time to end, and cancels its queries after that. */
  stop(): Promise<void>
}
