// Round: runs the collectors that are due in one snapshot. Imports src/ and plugins/round/ only.
import type { Endpoint } from '../src/config/database-url.ts'
import { describeError } from '../src/finding.ts'
import type { Leader } from '../src/leader/leader.ts'
import type { Log } from '../src/log.ts'
import type { Page } from '../src/page/page.ts'
import type { Db, Snapshot } from '../src/query/db.ts'
import { LostError } from '../src/query/lost.ts'
import type { Collectors } from '../src/round/collectors.ts'
import { NO_SAMPLES } from '../src/round/idle.ts'
import { explainLimit } from '../src/round/limit.ts'
import type { Outcome } from '../src/round/outcome.ts'
import type { Outage, Round } from '../src/round/round.ts'
import type { State } from '../src/round/state.ts'
import type { CollectorStatus } from '../src/round/status.ts'
import type { Span, Trace } from '../src/round/trace.ts'
import type { WindowState } from '../src/samples/window.ts'
import type { Pausing } from '../src/tick/pausing.ts'
import { within } from '../src/time/deadline.ts'
import { formatDuration } from '../src/time/duration.ts'
import { type Attempt, collect } from './round/collect.ts'
import { idleOn } from './round/idle.ts'
import { placed, placeError } from './round/locate.ts'
import { RoundLog } from './round/log.ts'
import { Past } from './round/past.ts'
import { run } from './round/run.ts'

export { openInspector } from './round/inspector.ts'

/** The parts of one database that its rounds use, and their limits. */
export interface RoundOptions {
  /** The name of the database. */
  readonly name: string | undefined
  readonly db: Db
  readonly collectors: Collectors
  readonly state: State
  readonly leader: Leader
  readonly page: Page
  readonly pausing: Pick<Pausing, 'signal'>
  /** The most collectors that query at once. */
  readonly concurrency: number
  /** The most series of each collector. */
  readonly budget: number
  /** Whether the log may have values of rows. */
  readonly logValues: boolean
  readonly log: Log
}

/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000
/** Milliseconds for which what was found before this replica led is worth to be shown. */
const FRESH = 10_000

/** Makes the rounds of one database. A round runs every collector that is due, in one snapshot. */
export function openRound(options: RoundOptions): Round {
  const { name, db, collectors, state, leader, page, pausing, concurrency, budget, logValues, log } = options
  const past = new Past({ state, log })
  const roundLog = new RoundLog({ collectors, logValues, log })
  const stopping = new AbortController()
  let current: Promise<void> | undefined
  let trace: Trace | undefined
  /** How many collectors of the running round are done. */
  let done = 0
  let prepared:
    | { readonly outcomes: readonly Outcome[]; readonly at: number; readonly seconds: number }
    | undefined
  let outage: Outage | undefined

  /** Takes a snapshot. Says once that there is none, and once that there is one again. */
  async function take(
    signal: AbortSignal,
    avoid: ReadonlyMap<Endpoint, Error>,
    again: boolean,
  ): Promise<Snapshot> {
    try {
      const snapshot = await db.snapshot(signal, avoid)
      roundLog.back()
      outage = undefined
      return snapshot
    } catch (error) {
      if (!signal.aborted) {
        roundLog.lost(error)
        outage = { since: outage?.since ?? Date.now(), reason: describeError(error) }
      }
      // The one that was lost is asked by the next vote, as the others are.
      if (again) db.forgetCurrent()
      throw error
    }
  }

  async function runOne(signal: AbortSignal, status: CollectorStatus, snapshot: Snapshot): Promise<Attempt> {
    let started = performance.now()
    const span: Span = { status, begun: started }
    if (trace?.ended === undefined) trace?.spans.push(span)
    let lost: Attempt['lost'] = 'nothing'
    let sealed: (() => Promise<WindowState>) | undefined
    status.strays.begin()
    try {
      const context = {
        horizon: past.admit(status, snapshot),
        source: snapshot.begun.source,
        budget,
        scraped: page.scraped,
        sealed(window: () => Promise<WindowState>) {
          sealed = window
        },
      }
      const toSamples = await snapshot.run(status.timeout, signal, async (sql) => {
        // What it waited for before, such as the one connection that there is, is not its own time.
        started = performance.now()
        span.asked = started
        lost = 'begun'
        const idle = await idleOn(status.collector, sql, snapshot.begun)
        return idle === undefined ? run(status, sql, context) : async () => ({ result: NO_SAMPLES, idle })
      })
      span.answered = performance.now()
      const { result, ...output } = await toSamples()
      if (status.strays.last !== undefined) throw status.strays.last
      const seconds = (performance.now() - started) / 1000
      const rejection = result.rejection && (await placed(result.rejection, status))
      return { outcome: { status, seconds, ...output, result: { ...result, rejection } } }
    } catch (error) {
      span.failed = true
      const isLost = error instanceof LostError
      await placeError(isLost ? error.cause : error, status)
      const failed = failure(status, started, limited(isLost ? error.cause : error, status, started))
      const outcome = sealed === undefined ? failed : { ...failed, window: await sealed() }
      return isLost ? { outcome, lost } : { outcome }
    } finally {
      span.ended = performance.now()
    }
  }

  /** The failure of a collector whose counters are not for this replica to count; undefined when they are. */
  function hinder({ status, seconds }: Pick<Outcome, 'status' | 'seconds'>): Outcome | undefined {
    const error = state.hindrance(status)
    return error && { status, seconds, result: error, unavailable: true }
  }

  /** Divides collectors into those that can run, and the failures of those that cannot. */
  function divide(due: readonly CollectorStatus[]): [CollectorStatus[], Outcome[]] {
    const hindered = due.flatMap((status) => hinder({ status, seconds: 0 }) ?? [])
    const statuses = new Set(hindered.map(({ status }) => status))
    return [due.filter((status) => !statuses.has(status)), hindered]
  }

  function collectAll(
    due: readonly CollectorStatus[],
    signal: AbortSignal,
    progress: (done: number) => void,
  ): Promise<Outcome[]> {
    return collect(due, {
      snapshot: (...asked) => take(signal, ...asked),
      run: (...asked) => runOne(signal, ...asked),
      unavailable: (...run) => ({ ...failure(...run), unavailable: true }),
      progress,
      endpoints: db.endpoints.length,
      concurrency,
      signal,
    })
  }

  async function prepare(): Promise<void> {
    const { term } = leader
    const started = performance.now()
    const countless = collectors.list.filter(({ collector }) => collector.settle === undefined)
    const signal = AbortSignal.any([stopping.signal, pausing.signal])
    if (signal.aborted) return
    const outcomes = (await collectAll(countless, signal, () => {})).filter(
      ({ result }) => !(result instanceof Error),
    )
    await page.prepare(outcomes)
    const at = performance.now()
    if (leader.term === term) prepared = { outcomes, at, seconds: (at - started) / 1000 }
  }

  /** Shows what was found shortly before this replica led. */
  function showPrepared(tick: number): void {
    if (prepared === undefined) return
    const { outcomes, at, seconds } = prepared
    prepared = undefined
    if (performance.now() - at > FRESH || leader.trustedUntil <= performance.now()) return
    page.publish(name, outcomes, seconds, tick)
  }

  async function runRound(tick: number, due: readonly CollectorStatus[]): Promise<void> {
    const { signal: pause } = pausing
    if (due.length === 0 || pause.aborted) return
    const signal = AbortSignal.any([stopping.signal, pause])
    const started = performance.now()
    done = 0
    trace = { at: Date.now(), started, due, spans: [] }
    const { term } = leader
    // What is counted since the last page of another replica, or of the process before, is shown first.
    const restored = await state.open(term)
    if (restored.length > 0) page.seed(restored)
    const [free, hindered] = divide(due)
    const outcomes = await collectAll(free, signal, (number) => {
      done = number
    })
    // As if it had not begun: what was cut off has not failed.
    if (pause.aborted) return
    // Another replica may lead by now, and then it saves and publishes.
    if (!(await leader.confirm()) || leader.term !== term) return
    // Counters are saved before they are shown, so that a restart never goes back behind what was shown.
    await Promise.all([state.save(outcomes), page.prepare(outcomes)])
    if (leader.trustedUntil <= performance.now() || leader.term !== term) return
    const published = [...hindered, ...outcomes.map((outcome) => hinder(outcome) ?? outcome)]
    const seconds = (performance.now() - started) / 1000
    roundLog.say(published, { tick, seconds, term, cancelled: stopping.signal.aborted })
    page.publish(name, published, seconds, tick)
    // Votes after the round, because the results do not depend on it and collectors need the connections.
    if (!pause.aborted) void db.vote(stopping.signal)
  }

  const settled = async () => current
  const internal = (error: Error) =>
    log.error({ event: 'defect', err: error }, 'round failed: internal error')
  const cancel = () => stopping.abort(new Error('the service is stopping'))

  return {
    get progress() {
      if (trace === undefined || trace.ended !== undefined) return undefined
      const { started, due, spans } = trace
      const running = spans.flatMap(({ status, ended }) => (ended === undefined ? status.collector.name : []))
      return { started, total: due.length, done, running }
    },
    get trace() {
      return trace
    },
    get outage() {
      return outage
    },
    get clocks() {
      return past.clocks
    },
    prepare: () => prepare().catch(internal),
    async run(tick, requested) {
      showPrepared(tick)
      const due = requested ?? collectors.list.filter((status) => status.ticksUntilDue(tick) === 0)
      current = runRound(tick, due)
        .catch(internal)
        .finally(() => {
          current = undefined
          if (trace !== undefined) trace.ended ??= performance.now()
        })
      await current
    },
    settled,
    cancel,
    async stop() {
      await within(settled(), { ms: GRACE }).catch(() =>
        log.warn(`round did not end within ${formatDuration(GRACE)}: its queries are cancelled`),
      )
      cancel()
      await settled()
    },
  }
}

function limited(error: unknown, status: CollectorStatus, started: number): unknown {
  return error instanceof Error ? explainLimit(error, status, performance.now() - started, true) : error
}

function failure(status: CollectorStatus, started: number, error: unknown): Outcome {
  const result = error instanceof Error ? error : new Error(describeError(error))
  return { status, seconds: (performance.now() - started) / 1000, result }
}
