import type { Blow, Fault } from './fault.ts'
import type { Replica } from './replica.ts'
import type { Stage } from './stage.ts'

/** What may follow from the loss of the replica that leads, or of its way to the cluster. */
const LEAD = [
  'NoLeader',
  'SeveralLeaders',
  'StateNotSaved',
  'TicksSkipped',
  'CollectorTimesOut',
  'CollectorFailing',
]

/** Chooses the replica that leads more often than the other. */
const chosen = (stage: Stage, choice: number) => stage.replica(choice < 0.7)

/** Resolves when a replica answers Prometheus, and one leads. */
async function well(stage: Stage, replica: Replica): Promise<void> {
  await stage.has(`up{instance="${replica.web.endpoint}"} == 1`)
  await stage.leader()
}

/** Halts a replica, or cuts off all that these gates lead to. */
function cutOff(gates: (replica: Replica) => Replica['databases']) {
  return async (stage: Stage, choice: number): Promise<Blow> => {
    const replica = await chosen(stage, choice)
    for (const gate of gates(replica)) gate.break('stall', 'now')
    return {
      whom: replica.name,
      heal() {
        for (const gate of gates(replica)) gate.repair()
        return well(stage, replica)
      },
    }
  }
}

export const REPLICA_FAULTS: readonly Fault[] = [
  {
    name: 'a replica is killed, and starts again',
    lane: 'one at a time',
    short: true,
    lasts: 2,
    heals: 6,
    may: [...LEAD, 'CrashLoop', 'MetricsServiceInstanceDown'],
    async befall(stage, choice) {
      const replica = await chosen(stage, choice)
      await replica.kill()
      return {
        whom: replica.name,
        unanswered: replica,
        async heal() {
          await replica.start()
          await well(stage, replica)
        },
      }
    },
  },
  {
    name: 'a replica is replaced',
    lane: 'one at a time',
    lasts: 1,
    heals: 6,
    may: [...LEAD, 'CrashLoop', 'MetricsServiceInstanceDown'],
    async befall(stage, choice) {
      const replica = await chosen(stage, choice)
      replica.signal('SIGTERM')
      return {
        whom: replica.name,
        unanswered: replica,
        async heal() {
          await replica.service.exit
          await replica.start()
          await well(stage, replica)
        },
      }
    },
  },
  {
    name: 'a replica is frozen',
    lane: 'one at a time',
    short: true,
    lasts: 22,
    heals: 4,
    must: ['MetricsServiceInstanceDown'],
    may: LEAD,
    delays: 25,
    async befall(stage, choice) {
      const replica = await chosen(stage, choice)
      replica.signal('SIGSTOP')
      return {
        whom: replica.name,
        unanswered: replica,
        heal() {
          replica.signal('SIGCONT')
          return well(stage, replica)
        },
      }
    },
  },
  {
    name: 'a replica is cut off from the databases',
    lane: 'one at a time',
    short: true,
    lasts: 8,
    heals: 4,
    may: [...LEAD, 'DatabaseUnreachable', 'DatabaseQuorumLost'],
    delays: 10,
    befall: cutOff(({ databases }) => databases),
  },
  {
    name: 'a replica is cut off from its counters',
    lane: 'one at a time',
    lasts: 8,
    heals: 4,
    may: LEAD,
    delays: 10,
    befall: cutOff(({ store }) => store),
  },
  {
    name: 'a replica is cut off from all',
    lane: 'one at a time',
    lasts: 30,
    heals: 6,
    must: ['DatabaseUnreachable'],
    may: [...LEAD, 'DatabaseQuorumLost'],
    delays: 30,
    befall: cutOff(({ databases, store }) => [...databases, ...store]),
  },
  {
    name: 'a replica is cut off from Prometheus',
    lane: 'one at a time',
    lasts: 22,
    heals: 4,
    must: ['MetricsServiceInstanceDown'],
    // The other one does not know, and leads or not as before.
    may: ['NoLeader'],
    async befall(stage, choice) {
      const replica = await chosen(stage, choice)
      replica.web.break('stall', 'now')
      return {
        whom: replica.name,
        unanswered: replica,
        heal() {
          replica.web.repair()
          return well(stage, replica)
        },
      }
    },
  },
]
