import type { Log } from '../log.ts'
import { formatSeconds } from '../time/age.ts'
import { Incident } from '../time/incident.ts'

/** The most ticks without a skip that are waited for before ticks are said to be kept again. */
const LONGEST = 60

/** Says when ticks begin to be skipped, and when they are kept again: one line each, however many ticks it were. */
export class Skips {
  readonly #log: Pick<Log, 'info' | 'warn'>
  readonly #incident = new Incident()
  /** Ticks in a row that were kept, and the moment of the first of them. */
  #kept = 0
  #since = 0

  constructor(log: Pick<Log, 'info' | 'warn'>) {
    this.#log = log
  }

  /** A tick was skipped at a moment of the monotonic clock, while a round waits for these collectors. */
  skipped(now: number, collectors: readonly string[]): void {
    this.#kept = 0
    const isNew = this.#incident.begin(now)
    this.#incident.add(1)
    if (!isNew) return
    const waits = collectors.length === 0 ? '' : `, and waits for ${collectors.join(', ')}`
    this.#log.warn(
      { event: 'skipped', ...(collectors.length === 1 ? { collector: collectors[0] } : { collectors }) },
      `tick skipped: the previous round is still running${waits}`,
    )
  }

  /** A tick was kept. `slowest` is the most ticks between two runs of a collector: only then each has run again. */
  kept(now: number, slowest: number): void {
    if (!this.#incident.lasts) return
    if (this.#kept++ === 0) this.#since = now
    if (this.#kept <= Math.min(slowest, LONGEST)) return
    const ended = this.#incident.end(this.#since)
    if (ended === undefined) return
    const { seconds, count: ticks } = ended
    this.#log.info(
      { event: 'caught-up', durationSeconds: seconds, ticks },
      `ticks are kept again after ${formatSeconds(seconds)}; skipped ticks: ${ticks}`,
    )
  }
}
