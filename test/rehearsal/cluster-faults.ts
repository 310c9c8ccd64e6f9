import { send } from '../../demo/family.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Member } from '../cluster/member.ts'
import { onServer } from '../cluster/session.ts'
import { poll } from '../poll.ts'
import type { Fault } from './fault.ts'

/** What may follow from the loss of the member that accepts writes: nobody can hold the lock, and no counter be saved. */
const PRIMARY = [
  ...['NoLeader', 'SeveralLeaders', 'StateNotSaved', 'TicksSkipped', 'DatabaseQuorumLost', 'StandbyLagging'],
  ...['CollectorFailing', 'CollectorTimesOut', 'MostCollectorsFail', 'DatabaseUnreachable', 'DatabaseDown'],
]

/** The member that a choice leads to, which is not this one. */
function other({ members }: Cluster, leader: Member, choice: number): Member {
  const standbys = members.filter((member) => member !== leader)
  const member = standbys[Math.floor(choice * standbys.length)]
  if (member === undefined) throw new Error('there is no standby')
  return member
}

/** A fault of the member that leads, which another takes over from before it comes back. */
function loss(name: string, hurt: (member: Member) => void, restore: (member: Member) => void): Fault {
  return {
    name: `the primary ${name}`,
    lane: 'one at a time',
    lasts: 25,
    heals: 25,
    may: PRIMARY,
    delays: 30,
    async befall({ cluster }) {
      const leader = await cluster.whole()
      hurt(leader)
      return {
        whom: leader.name,
        async heal() {
          await cluster.leader(leader)
          restore(leader)
          await cluster.whole()
        },
      }
    },
  }
}

/** A fault of a member that follows. */
function absence(
  name: string,
  lasts: number,
  hurt: (member: Member) => void,
  restore: (member: Member) => void,
): Fault {
  return {
    name: `a standby ${name}`,
    lane: 'one at a time',
    lasts,
    heals: 15,
    may: PRIMARY,
    delays: lasts + 10,
    async befall({ cluster }, choice) {
      const standby = other(cluster, await cluster.whole(), choice)
      hurt(standby)
      return {
        whom: standby.name,
        async heal() {
          restore(standby)
          await cluster.whole()
        },
      }
    },
  }
}

export const CLUSTER_FAULTS: readonly Fault[] = [
  {
    name: 'the cluster switches over',
    lane: 'one at a time',
    short: true,
    lasts: 1,
    heals: 12,
    may: PRIMARY,
    async befall({ cluster }) {
      const leader = await cluster.whole()
      await poll(
        () => leader.ask('/switchover', { leader: leader.name }),
        (status) => status === 200,
      )
      return {
        whom: leader.name,
        async heal() {
          await cluster.leader(leader)
          await cluster.whole()
        },
      }
    },
  },
  loss(
    'is killed',
    (member) => member.kill(),
    (member) => member.start(),
  ),
  loss(
    'is frozen',
    (member) => member.freeze(),
    (member) => member.thaw(),
  ),
  loss(
    'is cut off from all but clients',
    (member) => member.isolate(),
    (member) => member.rejoin(),
  ),
  absence(
    'is killed',
    3,
    (member) => member.kill(),
    (member) => member.start(),
  ),
  absence(
    'is frozen',
    15,
    (member) => member.freeze(),
    (member) => member.thaw(),
  ),
  {
    name: 'a standby lags',
    lane: 'one at a time',
    lasts: 45,
    heals: 10,
    must: ['StandbyLagging'],
    async befall({ cluster }, choice) {
      const standby = other(cluster, await cluster.whole(), choice)
      const pid = await onServer(cluster.url([standby.endpoint]), async (sql) => {
        const [startup] = await sql<{ pid: number }[]>`
          SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'`
        if (startup === undefined) throw new Error('it does not replay')
        return startup.pid
      })
      // Patroni ends the pause of a standby that is told to have one.
      send(pid, 'SIGSTOP')
      return {
        whom: standby.name,
        async heal() {
          send(pid, 'SIGCONT')
          await cluster.whole()
        },
      }
    },
  },
  {
    name: 'etcd is lost',
    lane: 'one at a time',
    lasts: 30,
    heals: 20,
    may: PRIMARY,
    delays: 30,
    async befall({ cluster }) {
      await cluster.etcd.kill()
      return {
        whom: 'etcd',
        async heal() {
          await cluster.etcd.start()
          await cluster.whole()
        },
      }
    },
  },
]
