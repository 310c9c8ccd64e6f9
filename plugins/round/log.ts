// Says in the log what came of the rounds of one database. Imports src/ and its own folder only.
import { describeError, renderFinding } from '../../src/finding.ts'
import { errorFields } from '../../src/log.ts'
import type { Collectors } from '../../src/round/collectors.ts'
import type { Outcome } from '../../src/round/outcome.ts'
import { findOnlyShipped, wantsTable } from '../../src/round/shipped.ts'
import { formatSeconds } from '../../src/time/age.ts'
import { Incident } from '../../src/time/incident.ts'
import { CollectorLog, type CollectorLogOptions } from './collector-log.ts'

export interface RoundLogOptions extends CollectorLogOptions {
  readonly collectors: Collectors
}

/** A round, as far as the log tells of it. */
interface Ran {
  readonly tick: number
  /** How long it took so far. */
  readonly seconds: number
  /** How many times this replica has gained the lead. */
  readonly term: number
  /** Whether the service has cancelled what still ran, because it stops. */
  readonly cancelled: boolean
}

/** The most names in a message. */
const MAX_NAMES = 10

/** Says of one database when something begins to be wrong, and when it is right again, once each. */
export class RoundLog {
  readonly #options: RoundLogOptions
  readonly #outage = new Incident()
  readonly #collectors: CollectorLog
  /** The names of the collectors whose values have left the page. */
  readonly #stale = new Set<string>()
  #term: number | undefined
  /** Whether it was said that no collector has its table. */
  #shipped = false

  constructor(options: RoundLogOptions) {
    this.#options = options
    this.#collectors = new CollectorLog(options)
  }

  /** There is no snapshot to be had. */
  lost(error: unknown): void {
    if (!this.#outage.begin(performance.now())) return
    const fields = errorFields(error)
    this.#options.log.error({ event: 'lost', ...fields }, `database unavailable: ${describeError(error)}`)
  }

  /** There is a snapshot. */
  back(): void {
    const ended = this.#outage.end(performance.now())
    if (ended === undefined) return
    const { seconds, count: runs } = ended
    this.#options.log.info(
      { event: 'back', durationSeconds: seconds, runs },
      `database recovered after ${formatSeconds(seconds)}; failed runs: ${runs}`,
    )
  }

  /** Takes the outcomes of a round before they are published. */
  say(outcomes: readonly Outcome[], { term, cancelled, ...ran }: Ran): void {
    const { collectors } = this.#options
    // What began in another term is over: what another replica has seen since is not known.
    if (this.#term !== term) this.#keep(new Set())
    this.#term = term
    const now = performance.now()
    for (const outcome of outcomes) {
      const { status, result, unavailable, lost } = outcome
      this.#sayRun(outcome)
      if (!(result instanceof Error)) {
        this.#stale.delete(status.collector.name)
        this.#collectors.succeeded(outcome, result, now)
      } else if (unavailable || lost) this.#outage.add(1)
      else if (!cancelled) this.#collectors.failed(outcome, result, now)
    }
    this.#sayShipped(outcomes)
    this.#sayStale(outcomes, now)
    this.#sayRound(outcomes, ran)
    this.#keep(new Set(collectors.list.map(({ collector }) => collector.name)))
  }

  #keep(names: ReadonlySet<string>): void {
    this.#collectors.keep(names)
    for (const name of this.#stale) if (!names.has(name)) this.#stale.delete(name)
  }

  #sayRun({ status, result, seconds }: Outcome): void {
    const fields = { collector: status.collector.name, durationSeconds: seconds }
    const took = formatSeconds(seconds)
    if (result instanceof Error) {
      this.#options.log.debug({ ...fields, ...errorFields(result) }, `run failed after ${took}`)
    } else {
      const { series, rejected, folded } = result
      this.#options.log.debug({ ...fields, series, rejected, folded }, `run succeeded in ${took}`)
    }
  }

  #sayRound(outcomes: readonly Outcome[], { tick, seconds }: Pick<Ran, 'tick' | 'seconds'>): void {
    const { length: runs } = outcomes
    const failed = outcomes.filter(({ result }) => result instanceof Error).length
    this.#options.log.debug(
      { tick, durationSeconds: seconds, runs, failed },
      `round ended after ${formatSeconds(seconds)}; runs: ${runs}, of which failed: ${failed}`,
    )
  }

  /** Says in one line of which collectors the values have left the page. */
  #sayStale(outcomes: readonly Outcome[], now: number): void {
    const succeeds = new Set(
      outcomes.flatMap(({ status, result }) => (result instanceof Error ? [] : status)),
    )
    const left = this.#options.collectors.list
      .filter((status) => status.state(now) === 'stale' && !succeeds.has(status))
      .map(({ collector }) => collector.name)
      .filter((name) => !this.#stale.has(name))
    if (left.length === 0) return
    for (const name of left) this.#stale.add(name)
    const more = left.length - MAX_NAMES
    const names = `${left.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    const fields = left.length === 1 ? { collector: left[0] } : { collectors: left }
    this.#options.log.warn({ event: 'stale', ...fields }, `stale values left the page: ${names}`)
  }

  /** Says once what to do where no collector has its table. */
  #sayShipped(outcomes: readonly Outcome[]): void {
    const { collectors, log } = this.#options
    if (this.#shipped || outcomes.length < collectors.list.length) return
    const finding = findOnlyShipped(
      outcomes.map(({ status: { file }, result }) => ({ file, wantsTable: wantsTable(result) })),
    )
    if (finding === undefined) return
    this.#shipped = true
    log.error({ event: 'failed' }, `no collector works: ${renderFinding(finding)}`)
  }
}
