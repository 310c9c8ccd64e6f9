import { setTimeout as delay } from 'node:timers/promises'
import { poll } from '../poll.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'

/** Milliseconds that etcd is lost for: long enough for the leader to give up. */
const LOST = 30_000

/** What befalls a cluster. */
interface Fault {
  readonly title: string
  /** Begins it, and resolves when there is another leader, or one again. */
  befall(cluster: Cluster, leader: Member): Promise<unknown>
  /** Ends it. */
  repair?(leader: Member): void
}

export const FAULTS: readonly Fault[] = [
  {
    title: 'a switchover',
    async befall(cluster, leader) {
      await poll(
        () => leader.ask('/switchover', { leader: leader.name }),
        (status) => status === 200,
      )
      return cluster.leader(leader)
    },
  },
  {
    title: 'a leader that is frozen, and thaws when there is another',
    befall(cluster, leader) {
      leader.freeze()
      return cluster.leader(leader)
    },
    repair: (leader) => leader.thaw(),
  },
  {
    title: 'a leader that only clients reach',
    befall(cluster, leader) {
      leader.isolate()
      return cluster.leader(leader)
    },
    repair: (leader) => leader.rejoin(),
  },
  {
    title: 'etcd that is lost for a while',
    async befall(cluster) {
      await cluster.etcd.kill()
      await delay(LOST)
      await cluster.etcd.start()
      return cluster.leader()
    },
  },
  {
    title: 'a leader that is killed',
    befall(cluster, leader) {
      leader.kill()
      return cluster.leader(leader)
    },
    repair: (leader) => leader.start(),
  },
]
