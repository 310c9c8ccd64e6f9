// Tick: when the rounds of a database start. Imports stages before it only.
import { EventEmitter } from 'node:events'
import type { Clock } from '../time/clock.ts'
import { firstWait, outOfPhase } from './phase.ts'

/** What a ticker works with. */
interface TickerOptions {
  readonly clock: Clock
  /** Milliseconds between two ticks. */
  readonly length: number
  /** The number of the database among all that the service reads, from 0, and how many there are. */
  readonly place: number
  readonly databases: number
  /** Returns a random number from 0 to 1. */
  chance(): number
  /** Waits until rounds can begin, or `signal` aborts. Rejects when it gives up. */
  ready(signal: AbortSignal): Promise<void>
  /** Is called once, when `ready` and the first tick is planned: from now on the lead may be gained. */
  started(): void
  /** Whether this replica leads the database. */
  leads(): boolean
  /** Whether a round is running. */
  running(): boolean
  /** Whether collection is paused. */
  paused(): boolean
  /** Starts the round of a tick. */
  run(tick: number): void
  /** Is called in place of `run` while another replica leads: this one still tells which endpoints answer. */
  watch(signal: AbortSignal): void
  /** Resolves when no round is running. */
  settled(): Promise<void>
}

/** What came of a tick: a round, or none because the last one still runs, another replica leads, or collection is paused. */
type TickOutcome = 'run' | 'skipped' | 'watched' | 'paused'

/** A tick of the past: when it was, in milliseconds since 1970, and what came of it. */
export interface PastTick {
  readonly at: number
  readonly outcome: TickOutcome
}

/** The most ticks that are kept. */
const KEPT = 60

/**
 * Milliseconds between the starts of two databases. The first connections and the first round of one take about that
 * long; a thousand at once would hold up the process, and the servers.
 */
const PACE = 10

/** Decides when the rounds of one database start. Emits `tick` after each tick, with what came of it. */
export class Ticker extends EventEmitter<{ tick: [TickOutcome] }> {
  readonly #options: TickerOptions
  readonly #stopping = new AbortController()
  #tick = 0
  #skipped = 0
  readonly #past: PastTick[] = []
  /** The moments of the clock at which the first tick was planned, and the next one is. */
  #first = 0
  #next: number | undefined
  #cancel = () => {}

  constructor(options: TickerOptions) {
    super()
    this.#options = options
  }

  /** Milliseconds between two ticks. */
  get length(): number {
    return this.#options.length
  }

  /** The number of the last tick; 0 is the start. */
  get tick(): number {
    return this.#tick
  }

  /** When the next tick comes, in milliseconds since 1970; undefined before the start. */
  get nextTickAt(): number | undefined {
    const { clock } = this.#options
    return this.#next === undefined ? undefined : clock.date() + this.#next - clock.now()
  }

  /** How many ticks were skipped because the round before was still running. */
  get skipped(): number {
    return this.#skipped
  }

  /** The last ticks, the newest last. */
  get past(): readonly PastTick[] {
    return this.#past
  }

  /**
   * Waits until rounds can begin, and lets ticks come from then on. The first tick comes half a tick to a tick and a half
   * later, by chance, so that services that start together do not stay in step. Rejects when the wait is given up.
   */
  async start(): Promise<void> {
    const { clock, length, place, databases, chance, ready, started } = this.#options
    const { signal } = this.#stopping
    if (place > 0) await clock.pause(place * PACE, signal)
    await ready(signal)
    if (signal.aborted) return
    const wait = length * firstWait(place, databases, chance())
    this.#first = clock.now() + wait
    this.#tickAfter(wait)
    started()
  }

  /** Ends the wait for the start, and lets no tick come any more. */
  stop(): void {
    this.#stopping.abort(new Error('the service is stopping'))
    this.#cancel()
  }

  /** Starts a round between two ticks, because this replica leads from now on. */
  gained(): void {
    const { running, settled } = this.#options
    // A round of an earlier term may still be running. It publishes nothing.
    if (running()) void settled().then(() => this.#begin())
    else this.#begin()
  }

  /** Starts a round between two ticks, because collection is not paused any more. */
  resumed(): void {
    // Before the start there is nothing to go on with.
    if (this.#next !== undefined) this.gained()
  }

  #begin(): void {
    // A person may have started a round meanwhile.
    if (!this.#options.running() && !this.#stopping.signal.aborted) this.#collect()
  }

  #tickAfter(wait: number): void {
    const { clock, length } = this.#options
    this.#cancel()
    this.#cancel = clock.every(wait, length, () => this.#advance())
    this.#next = clock.now() + wait
  }

  #advance(): void {
    const { clock, length } = this.#options
    const wait = outOfPhase(this.#first, length, clock.now())
    if (wait === undefined) this.#next = clock.now() + length
    else this.#tickAfter(wait)
    this.#tick++
    const outcome = this.#collect()
    this.#past.push({ at: clock.date(), outcome })
    if (this.#past.length > KEPT) this.#past.shift()
    this.emit('tick', outcome)
  }

  #collect(): TickOutcome {
    const { leads, paused, running, run, watch } = this.#options
    if (paused()) return 'paused'
    if (!leads()) {
      watch(this.#stopping.signal)
      return 'watched'
    }
    if (running()) {
      this.#skipped++
      return 'skipped'
    }
    run(this.#tick)
    return 'run'
  }
}
