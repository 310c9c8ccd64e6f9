// Round: runs the collectors that are due in one snapshot. Imports src/ and plugins/round/ only.
import type { FastifyBaseLogger } from 'fastify'
import { describeError, renderFinding } from '../src/finding.ts'
import type { Leader } from '../src/leader/leader.ts'
import type { Page } from '../src/page/page.ts'
import type { Db, Snapshot } from '../src/query/db.ts'
import type { Collectors } from '../src/round/collectors.ts'
import type { Outcome } from '../src/round/outcome.ts'
import type { Progress, Round } from '../src/round/round.ts'
import type { State } from '../src/round/state.ts'
import type { CollectorStatus } from '../src/round/status.ts'
import type { WindowState } from '../src/samples/window.ts'
import type { Horizon } from '../src/samples/window-plan.ts'
import { within } from '../src/time/deadline.ts'
import { formatDuration } from '../src/time/duration.ts'
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
  /** The most collectors that query at once. */
  readonly concurrency: number
  /** The most series of each collector. */
  readonly budget: number
  readonly log: FastifyBaseLogger
}

/** Milliseconds that a running round has to end when the service stops. */
const GRACE = 10_000

/** Makes the rounds of one database. A round runs every collector that is due, in one snapshot. */
export function openRound(options: RoundOptions): Round {
  const { name, db, collectors, state, leader, page, concurrency, budget, log } = options
  const past = new Past({ state, log })
  const stopping = new AbortController()
  let current: Promise<void> | undefined
  let progress: Progress | undefined
  let outage = false

  async function collect(due: readonly CollectorStatus[]): Promise<Outcome[]> {
    // The longest that the round can take: every collector runs into its timeout, `concurrency` at a time.
    const timeouts = due.map(({ timeout }) => timeout)
    const lifetime = timeouts.reduce((sum, timeout) => sum + timeout, 0) / concurrency + Math.max(...timeouts)
    const lost = new Map<Snapshot['endpoint'], Error>()
    let outcomes: Outcome[] | undefined
    for (;;) {
      const started = performance.now()
      let snapshot: Snapshot
      try {
        snapshot = await db.snapshot(lifetime, stopping.signal, lost)
      } catch (error) {
        if (outcomes !== undefined) return outcomes
        if (!outage) log.error(`database unavailable: ${describeError(error)}`)
        outage = true
        return due.map((status) => ({ ...failure(status, started, error), unavailable: true }))
      }
      if (outage) log.info('database recovered')
      outage = false
      progress = progress && { ...progress, done: 0 }
      outcomes = await runAll(due, snapshot, look(snapshot, due))
      const failed = outcomes.some(({ result }) => result instanceof Error)
      // Checked after the close, because only that may show that the lost connection is lost.
      await snapshot.close()
      if (!failed || !snapshot.lost || stopping.signal.aborted) return outcomes
      lost.set(snapshot.endpoint, new Error('its connection was lost in a round'))
    }
  }

  async function runAll(
    due: readonly CollectorStatus[],
    snapshot: Snapshot,
    horizon: Horizon,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    const queue = due.values()
    const worker = async () => {
      for (const status of queue) {
        outcomes.push(await runOne(status, snapshot, horizon))
        progress = progress && { ...progress, done: outcomes.length }
      }
    }
    await Promise.all(Array.from({ length: snapshot.sequential ? 1 : concurrency }, worker))
    return outcomes
  }

  async function runOne(status: CollectorStatus, snapshot: Snapshot, horizon: Horizon): Promise<Outcome> {
    const started = performance.now()
    const { source } = snapshot.begun
    let sealed: (() => Promise<WindowState>) | undefined
    const context = {
      horizon,
      source,
      budget,
      scraped: page.scraped,
      sealed(window: () => Promise<WindowState>) {
        sealed = window
      },
    }
    try {
      const toSamples = await snapshot.run(status.timeout, stopping.signal, (sql) =>
        run(status, sql, context),
      )
      const output = await toSamples()
      return { status, seconds: (performance.now() - started) / 1000, ...output }
    } catch (error) {
      const failed = failure(status, started, error)
      return sealed === undefined ? failed : { ...failed, window: await sealed() }
    }
  }

  /** What a snapshot sees of the past, before any collector runs in it. */
  function look({ begun }: Snapshot, due: readonly CollectorStatus[]): Horizon {
    const horizon = past.look(begun, due)
    for (const status of due) status.start(horizon)
    return horizon
  }

  function report({ status, result }: Outcome): void {
    const fields = { collector: status.collector.name, file: status.file }
    if (result instanceof Error) {
      if (status.error === undefined && !outage) {
        log.error(fields, `collector failed: ${describeError(result)}`)
      }
      return
    }
    if (status.error !== undefined) log.info(fields, 'collector recovered')
    const previous = status.last?.result
    const rejectedBefore =
      previous !== undefined && !(previous instanceof Error) && previous.rejection !== undefined
    if (result.rejection !== undefined && !rejectedBefore) {
      log.warn(
        { ...fields, rejected: result.rejected },
        `collector rejected rows: ${renderFinding(result.rejection)}`,
      )
    }
  }

  async function runRound(tick: number, due: readonly CollectorStatus[]): Promise<void> {
    if (due.length === 0) return
    const started = performance.now()
    progress = { started, total: due.length, done: 0 }
    const { term } = leader
    const outcomes = await collect(due)
    for (const outcome of outcomes) report(outcome)
    // Counters are saved before they are shown, so that a restart never goes back behind what was shown.
    await Promise.all([state.save(outcomes), page.prepare(outcomes)])
    // Another replica may lead by now, and then it publishes.
    if (!(await leader.confirm()) || leader.term !== term) return
    page.publish(name, outcomes, (performance.now() - started) / 1000, tick)
    // Votes after the round, because the results do not depend on it and collectors need the connections.
    void db.vote(stopping.signal)
  }

  const settled = async () => current
  const cancel = () => stopping.abort(new Error('the service is stopping'))

  return {
    get progress() {
      return progress
    },
    async run(tick, requested) {
      const due = requested ?? collectors.list.filter((status) => status.ticksUntilDue(tick) === 0)
      current = runRound(tick, due)
        .catch((error) => log.error(error, 'round failed: internal error'))
        .finally(() => {
          current = undefined
          progress = undefined
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

function failure(status: CollectorStatus, started: number, error: unknown): Outcome {
  const result = error instanceof Error ? error : new Error(describeError(error))
  return { status, seconds: (performance.now() - started) / 1000, result }
}
