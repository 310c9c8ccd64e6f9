// Leader: elects the replica that collects a database. Imports src/ and plugins/leader/ only.
import type { Leader } from '../src/leader/leader.ts'
import { Leadership } from '../src/leader/leadership.ts'
import type { Log } from '../src/log.ts'
import type { Db } from '../src/query/db.ts'
import { clock } from '../src/time/clock.ts'
import { Lock } from './leader/lock.ts'

/** What the leader of one database goes by. */
export interface LeaderOptions {
  readonly db: Pick<Db, 'primary'>
  /** The name of the database. */
  readonly name: string | undefined
  /** Returns what tells the replicas that elect one leader from those of other services. */
  group(): string
  /** Whether replicas elect a leader (LEADER_ELECTION); otherwise this one leads for ever. */
  readonly elects: boolean
  /** Milliseconds of a tick. */
  readonly tick: number
  /** How many databases there are, and those that this replica leads or is about to lead. */
  readonly databases: number
  readonly led: Set<unknown>
  readonly log: Log
}

/** Agrees with other replicas, through a lock of the database itself, on the one that collects it. */
export function openLeader({ db, name, group, elects, tick, databases, led, log }: LeaderOptions): Leader {
  if (!elects) {
    return {
      elected: false,
      trustedUntil: Number.POSITIVE_INFINITY,
      term: 1,
      hindrance: undefined,
      leading: undefined,
      follow: ({ gained }) => gained(),
      confirm: async () => true,
      handOver: async () => {},
      stop: async () => {},
    }
  }
  // Another replica takes over when it has ended: within a tick.
  const lease = tick / 2
  return new Leadership({
    clock,
    lease,
    open: (signal) => Lock.open(db, [group(), name ?? ''], lease, signal),
    databases,
    led,
    chance: Math.random,
    log,
  })
}
