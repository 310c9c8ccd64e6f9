/** A session that holds the lock and is not that of a replica, and its role; a prepared transaction has neither. */
export interface Holder {
  readonly pid: number | null
  readonly role: string | null
}

/** The replica that leads, as it says of itself. */
export interface Leading {
  readonly host: string
  readonly pid: number
  /** When it began to lead, by its own clock: ISO 8601, to the second. */
  readonly since: string
}

/** The lock of one database's leader, at one moment. */
export interface LockState {
  /** How many replicas want to lead. */
  readonly members: number
  /** Whether somebody has the lock. */
  readonly held: boolean
  /** Whether this replica has it. */
  readonly mine: boolean
  /** Another role's session that has it, so that no replica can; null when there is none. */
  readonly foreign: Holder | null
  /** The replica that has it; null when that is not known. */
  readonly leading: Leading | null
  /** Whether that replica is about to give it up. */
  readonly quits: boolean
  /** Whether a replica can take over at once. */
  readonly prepared: boolean
}

/** What a replica tells the others: that it is about to give the lock up, that it can take it at once, or neither. */
export type Notice = 'quits' | 'is prepared' | undefined

/** A session that can hold the lock of one database's leader. What it asks rejects when the session is lost. */
export interface LeaderLock {
  /** Asks who has the lock. */
  look(): Promise<LockState>
  /** Takes the lock if nobody has it. Resolves to whether this session has it then. */
  take(): Promise<boolean>
  /** Tells the other replicas. */
  tell(notice: Notice): Promise<void>
  /** Gives the lock up. */
  release(): Promise<void>
  /** Cuts the session. */
  destroy(reason: unknown): void
  /** Ends the session, and with it the lock. */
  close(): Promise<void>
}

/** Says which replica leads. */
export function describeLeader({ host, pid, since }: Leading): string {
  return `process ${pid} on ${host} leads since ${since}`
}
