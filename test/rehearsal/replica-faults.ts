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

/** What is done to a replica, and what undoes it. */
interface Harm {
  hurt(replica: Replica): unknown
  undo(replica: Replica): unknown
}

/** Does harm to a replica. It is over when the replica is well. */
async function harm(stage: Stage, choice: number, { hurt, undo }: Harm): Promise<[Replica, Blow]> {
  const replica = await chosen(stage, choice)
  await hurt(replica)
  const heal = async () => {
    await undo(replica)
    await well(stage, replica)
  }
  return [replica, { whom: replica.name, heal }]
}

/** Does harm to a replica, which may not answer Prometheus meanwhile. */
function silence(done: Harm): Fault['befall'] {
  return async (stage, choice) => {
    const [replica, blow] = await harm(stage, choice, done)
    return { ...blow, unanswered: [replica] }
  }
}

/** Cuts off a replica from all that these gates lead to. */
function cutOff(gates: (replica: Replica) => Replica['databases']): Fault['befall'] {
  return async (stage, choice) => {
    const [, blow] = await harm(stage, choice, {
      hurt(replica) {
        for (const gate of gates(replica)) gate.break('stall', 'now')
      },
      undo(replica) {
        for (const gate of gates(replica)) gate.repair()
      },
    })
    return blow
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
    befall: silence({ hurt: (replica) => replica.kill(), undo: (replica) => replica.start() }),
  },
  {
    name: 'a replica is replaced',
    lane: 'one at a time',
    lasts: 1,
    heals: 6,
    may: [...LEAD, 'CrashLoop', 'MetricsServiceInstanceDown'],
    befall: silence({
      hurt: (replica) => replica.signal('SIGTERM'),
      async undo(replica) {
        await replica.service.exit
        await replica.start()
      },
    }),
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
    befall: silence({
      hurt: (replica) => replica.signal('SIGSTOP'),
      undo: (replica) => replica.signal('SIGCONT'),
    }),
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
    befall: silence({
      hurt: ({ web }) => web.break('stall', 'now'),
      undo: ({ web }) => web.repair(),
    }),
  },
]
