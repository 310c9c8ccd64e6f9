import { Leadership } from '../../src/leader/leadership.ts'
import { Ticker } from '../../src/tick/ticker.ts'
import type { LockServer } from '../../test/model/lock-server.ts'
import { Machine } from '../../test/model/machine.ts'
import type { Timeline } from '../../test/model/timeline.ts'
import type { Table } from './table.ts'

/** What all replicas of a fleet have in common. Times are in milliseconds. */
export interface Plan {
  readonly timeline: Timeline
  readonly servers: readonly LockServer[]
  readonly table: Table
  readonly tick: number
  /** Returns how long the next round waits for its database, given by its number. */
  roundOf(database: number): number
  /** How long a round computes. */
  readonly compute: number
  chance(): number
  /** Is told what happens, with the number of the database. */
  readonly watch: {
    looked(database: number): void
    ran(database: number): void
    skipped(database: number): void
  }
}

/** One replica: the ticker and the leadership of the service for each database, on a simulated machine. */
export class Replica {
  readonly machine: Machine
  readonly #plan: Plan
  readonly #leaderships: Leadership[] = []
  readonly #tickers: Ticker[] = []
  readonly #sessions = new Map<number, { lost(): void }>()
  readonly #led = new Set()
  readonly #store: ReturnType<Table['of']>

  constructor(plan: Plan) {
    this.#plan = plan
    this.machine = new Machine(plan.timeline)
    this.#store = plan.table.of(this.machine)
    for (const [database, server] of plan.servers.entries()) this.#start(database, server)
  }

  /** The moment up to which it shows a database. */
  until(database: number): number {
    return this.machine.dead ? 0 : (this.#leaderships[database]?.trustedUntil ?? 0)
  }

  /** How many databases it shows. */
  get count(): number {
    const { now } = this.#plan.timeline
    return this.#leaderships.filter(({ trustedUntil }) => trustedUntil > now).length
  }

  /** Ends the process at once. The kernel closes its sockets. */
  kill(): void {
    this.machine.kill()
    for (const session of this.#sessions.values()) session.lost()
  }

  /** Stops as the service does. */
  async stop(): Promise<void> {
    for (const ticker of this.#tickers) ticker.stop()
    await Promise.all(this.#leaderships.map((leadership) => leadership.handOver(10_000)))
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
    let running: Promise<void> | undefined
    /** The lead in which the counters were claimed, and the term that the table gave it. */
    let claimed: { readonly lead: number; readonly term: number } | undefined
    const round = async () => {
      const lead = leadership.term
      if (claimed?.lead !== lead) claimed = { lead, term: await this.#store.claim(database) }
      await new Promise<void>((resolve) => machine.after(roundOf(database), resolve))
      await machine.compute(compute)
      if (!(await leadership.confirm()) || leadership.term !== lead) return
      await this.#store.write(database, claimed.term)
    }
    const ticker = new Ticker({
      clock: machine,
      length: tick,
      place: database,
      databases: servers.length,
      chance,
      ready: async () => {},
      started: () =>
        leadership.follow({
          prepare: async () => {},
          gained() {
            ticker.gained()
            watch.looked(database)
          },
          lost: () => watch.looked(database),
        }),
      leads: () => leadership.trustedUntil > machine.now(),
      running: () => running !== undefined,
      run() {
        watch.ran(database)
        running = round().finally(() => {
          running = undefined
        })
      },
      watch() {},
      settled: async () => running,
    })
    ticker.on('tick', (outcome) => {
      if (outcome === 'skipped') watch.skipped(database)
    })
    this.#leaderships.push(leadership)
    this.#tickers.push(ticker)
    void ticker.start()
  }
}
