import fc from 'fast-check'
import t from 'tap'
import { Leadership } from '../../../src/leader/leadership.ts'
import { LockServer } from '../../model/lock-server.ts'
import { Machine } from '../../model/machine.ts'
import { Timeline } from '../../model/timeline.ts'

const TICK = 1000
const LEASE = TICK / 2
/** Milliseconds that it takes to get ready for the lead. */
const PREPARING = 20
/** Milliseconds between two looks at what leads. */
const STEP = 5

/** What may happen to a replica. */
const FAULTS = [
  'kill',
  'stop',
  'replace',
  'freeze',
  'thaw',
  'disconnect',
  'reconnect',
  'start',
  'ask',
  'burden',
  'relieve',
]
/** What may happen to the server: it forgets its sessions before their owners can know. */
const OUTAGES = ['crash', 'recover']

/** Something that happens to one of three replicas, or to the server, at some moment of a run. */
const event = (...what: string[]) =>
  fc.record({
    after: fc.integer({ min: 0, max: 2 * TICK }),
    replica: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom(...what),
  })
/** How long messages take: most of them a few milliseconds, some as long as a tick. */
const latencies = fc.infiniteStream(
  fc.oneof({ weight: 8, arbitrary: fc.integer({ max: 5, min: 1 }) }, fc.integer({ max: TICK, min: 1 })),
)
const chances = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))

interface Replica {
  readonly machine: Machine
  readonly leadership: Leadership
  readonly led: Set<unknown>
}

/** Replicas that want to lead one database, on a simulated clock. */
class Contest {
  readonly timeline = new Timeline()
  readonly server: LockServer
  readonly #chance: () => number
  /** All replicas, with those that are dead. */
  readonly #all: Replica[] = []
  readonly #places: Replica[] = []
  /** The most that led at one time. */
  leaders = 0

  constructor(latency: () => number, chance: () => number) {
    this.server = new LockServer(this.timeline, LEASE, latency)
    this.#chance = chance
    for (let place = 0; place < 3; place++) this.start(place)
  }

  start(place: number): void {
    if (this.#places[place]?.machine.dead === false) return
    const machine = new Machine(this.timeline)
    const led = new Set()
    const leadership = new Leadership({
      clock: machine,
      lease: LEASE,
      databases: 1,
      led,
      chance: this.#chance,
      log: { info() {}, warn() {} },
      open: () => this.server.open(machine),
    })
    const replica = { machine, leadership, led }
    this.#all.push(replica)
    this.#places[place] = replica
    const look = () => this.look()
    const prepare = () => machine.compute(PREPARING)
    leadership.follow({ prepare, gained: look, lost: look })
  }

  /** Stops a replica as the service does, when another can take over. */
  async #replace({ machine, leadership }: Replica): Promise<void> {
    await leadership.handOver(TICK)
    await leadership.stop()
    machine.kill()
  }

  /** How many lead now. */
  look(): number {
    const { now } = this.timeline
    const leading = this.#all.filter(
      ({ machine, leadership }) => !machine.dead && leadership.trustedUntil > now,
    )
    this.leaders = Math.max(this.leaders, leading.length)
    return leading.length
  }

  /** The place of the one that leads. */
  get leader(): number {
    return this.#places.findIndex(({ leadership }) => leadership.trustedUntil > this.timeline.now)
  }

  async happen(what: string, place: number): Promise<void> {
    const replica = this.#places[place]
    if (replica === undefined) return
    const { machine, leadership, led } = replica
    if (what === 'kill') machine.kill()
    else if (what === 'stop') void leadership.stop().then(() => machine.kill())
    else if (what === 'replace') void this.#replace(replica)
    else if (what === 'freeze') machine.freeze()
    else if (what === 'thaw') machine.thaw()
    else if (what === 'disconnect') this.server.unreachable.add(machine)
    else if (what === 'reconnect') this.server.unreachable.delete(machine)
    else if (what === 'crash') this.server.crash()
    else if (what === 'recover') this.server.recover()
    else if (what === 'start') this.start(place)
    else if (what === 'burden') led.add(Symbol('another database'))
    else if (what === 'relieve') led.clear()
    else void leadership.confirm()
  }

  /** Takes from a replica the other databases that it led: there is one, which all of them cannot have at once. */
  #relieve(place: number): void {
    const led = this.#places[place]?.led
    for (const other of led ?? []) if (typeof other === 'symbol') led?.delete(other)
  }

  /** Everything is well again. */
  heal(): void {
    this.server.recover()
    this.server.unreachable.clear()
    for (const place of [0, 1, 2]) {
      this.#places[place]?.machine.thaw()
      this.#relieve(place)
      this.start(place)
    }
  }
}

t.test(
  'while the server is up, never do two lead at one time, whatever happens and however long messages take',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event(...FAULTS), { maxLength: 40 }),
        latencies,
        chances,
        async (events, latency, chance) => {
          const contest = new Contest(
            () => latency.next().value,
            () => chance.next().value,
          )
          for (const { after, replica, what } of events) {
            await contest.timeline.run(contest.timeline.now + after)
            await contest.happen(what, replica)
            contest.look()
          }
          await contest.timeline.run(contest.timeline.now + 5 * TICK)
          return contest.leaders <= 1
        },
      ),
    )
  },
)

t.test('when all is well, one leads within two ticks, whatever was before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event(...FAULTS, ...OUTAGES), { maxLength: 20 }),
      chances,
      async (events, chance) => {
        const contest = new Contest(
          () => 1,
          () => chance.next().value,
        )
        for (const { after, replica, what } of events) {
          await contest.timeline.run(contest.timeline.now + after)
          await contest.happen(what, replica)
        }
        contest.heal()
        await contest.timeline.run(contest.timeline.now + 2 * TICK)
        return contest.look() === 1
      },
    ),
  )
})

t.test('a replica that stops leads no more before its session ends', async (t) => {
  const contest = new Contest(
    () => 50,
    () => 0.5,
  )
  await contest.timeline.run(TICK)
  t.equal(contest.look(), 1)
  for (const place of [0, 1, 2]) await contest.happen('stop', place)
  await contest.timeline.run(TICK + 1)
  t.equal(contest.look(), 0)
})

t.test('one that is replaced leads until another is ready, which leads at once', async () => {
  await fc.assert(
    fc.asyncProperty(chances, fc.integer({ min: 0, max: 2 * TICK }), async (chance, moment) => {
      const contest = new Contest(
        () => 1,
        () => chance.next().value,
      )
      await contest.timeline.run(2 * TICK)
      await contest.timeline.run(contest.timeline.now + moment)
      await contest.happen('replace', contest.leader)
      let without = 0
      for (let passed = 0; passed < TICK; passed += STEP) {
        await contest.timeline.run(contest.timeline.now + STEP)
        if (contest.look() === 0) without += STEP
      }
      // Its session ends, and the next look of another takes the lock: a few messages, and a hurried pause.
      return without < 90 && contest.look() === 1 && contest.leaders === 1
    }),
    { numRuns: 50 },
  )
})

t.test('the last replica waits for nobody', async (t) => {
  const contest = new Contest(
    () => 1,
    () => 0.5,
  )
  await contest.timeline.run(TICK)
  for (const place of [0, 1, 2]) if (place !== contest.leader) await contest.happen('stop', place)
  await contest.timeline.run(2 * TICK)
  await contest.happen('replace', contest.leader)
  await contest.timeline.run(2 * TICK + 20)
  t.equal(contest.look(), 0)
})

t.test('what is asked while a look is under way is answered by a look that begins after it', async (t) => {
  const timeline = new Timeline()
  const machine = new Machine(timeline)
  const server = new LockServer(timeline, LEASE, () => 50)
  const leadership = new Leadership({
    clock: machine,
    lease: LEASE,
    databases: 1,
    led: new Set(),
    chance: () => 0.5,
    log: { info() {}, warn() {} },
    open: () => server.open(machine),
  })
  const first = leadership.confirm()
  await timeline.run(300)
  t.equal(await first, true)
  const before = leadership.confirm()
  await timeline.run(360)
  // The server has answered, and then ends the session: the answer that is under way is out of date.
  server.crash()
  server.recover()
  const after = [leadership.confirm(), leadership.confirm()]
  await timeline.run(600)
  t.equal(await before, true)
  t.same(await Promise.all(after), [false, false])
})
