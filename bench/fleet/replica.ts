import { Leadership } from '../../src/leader/leadership.ts'
import { firstWait, outOfPlace, Schedule } from '../../src/tick/ticker.ts'
import type { LockServer } from '../../test/model/lock-server.ts'
import { Machine } from '../../test/model/machine.ts'
import type { Timeline } from '../../test/model/timeline.ts'

/** What a fleet does alike in each of its replicas. Times are in milliseconds. */
export interface Plan {
  readonly timeline: Timeline
  readonly servers: readonly LockServer[]
  readonly tick: number
  /** What a round takes of its database, by the number of that. */
  roundOf(database: number): number
  /** What a round takes of the replica's core. */
  readonly compute: number
  chance(): number
  /** Told of what happens, with the number of the database. */
  readonly watch: {
    looked(database: number): void
    ran(database: number): void
    skipped(database: number): void
  }
}

/** The scheduler and the leader of a replica, as the service has them, for each of the databases. */
export class Replica {
  readonly machine: Machine
  readonly #plan: Plan
  readonly #leaderships: Leadership[] = []
  readonly #sessions = new Map<number, { lost(): void }>()
  readonly #led = new Set()

  constructor(plan: Plan) {
    this.#plan = plan
    this.machine = new Machine(plan.timeline)
    for (const [database, server] of plan.servers.entries()) this.#start(database, server)
  }

  /** Up to when it shows a database, by itself. */
  until(database: number): number {
    return this.machine.dead ? 0 : (this.#leaderships[database]?.trustedUntil ?? 0)
  }

  /** How many databases it shows. */
  get count(): number {
    const { now } = this.#plan.timeline
    return this.#leaderships.filter(({ trustedUntil }) => trustedUntil > now).length
  }

  /** The process ends at once, and the kernel closes its sockets. */
  kill(): void {
    this.machine.kill()
    for (const session of this.#sessions.values()) session.lost()
  }

  /** It stops as it should. */
  async stop(): Promise<void> {
    await Promise.all(this.#leaderships.map((leadership) => leadership.stop()))
    this.machine.kill()
  }

  #start(database: number, server: LockServer): void {
    const { machine } = this
    const { tick, servers, roundOf, compute, chance, watch } = this.#plan
    const leadership = new Leadership({
      clock: machine,
      lease: tick / 2,
      databases: servers.length,
      led: this.#led,
      chance,
      log: { info() {}, warn() {} },
      open: async () => {
        const lock = await server.open(machine)
        this.#sessions.set(database, lock)
        return lock
      },
    })
    this.#leaderships.push(leadership)
    let running: Promise<void> | undefined
    const round = async () => {
      await machine.pause(roundOf(database), new AbortController().signal)
      await machine.compute(compute)
      await leadership.confirm()
    }
    const schedule = new Schedule({
      leads: () => leadership.trustedUntil > machine.now(),
      running: () => running !== undefined,
      run() {
        watch.ran(database)
        running = round().finally(() => {
          running = undefined
        })
      },
      skip: () => watch.skipped(database),
      watch() {},
      settled: async () => running,
    })
    const wait = tick * firstWait(database / servers.length, servers.length, chance())
    const first = machine.now() + wait
    const beat = () => {
      machine.after(outOfPlace(first, tick, machine.now()) ?? tick, beat)
      schedule.advance()
    }
    machine.after(wait, beat)
    leadership.follow({
      gained() {
        schedule.gained()
        watch.looked(database)
      },
      lost: () => watch.looked(database),
    })
  }
}
