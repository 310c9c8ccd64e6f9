import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describeError, renderFinding } from '../src/finding.ts'
import type { CollectorStatus, Outcome } from '../src/round/status.ts'
import { parseMoment } from '../src/time/moment.ts'
import { explain } from './round/ask.ts'
import { type Check, check } from './round/check.ts'
import type { Wishes } from './round/report.ts'
import { run } from './round/run.ts'

declare module 'fastify' {
  interface FastifyInstance {
    round: Round
  }
}

type Snapshot = Awaited<ReturnType<FastifyInstance['db']['snapshot']>>

/** How far a round is. */
export interface Progress {
  /** When it began, in milliseconds of the monotonic clock. */
  readonly started: number
  /** How many collectors it runs, and how many of them are done. */
  readonly total: number
  readonly done: number
}

export interface Round {
  /** How far the running round is; undefined when none is running. */
  readonly progress: Progress | undefined
  /**
   * Runs every collector that is due at tick number `tick`, or just those that are given, and publishes the outcomes.
   * Rejects never.
   */
  run(tick: number, collectors?: readonly CollectorStatus[]): Promise<void>
  /** How the database would answer a collector's query, in lines of text. Rejects when it cannot be asked. */
  explain(status: CollectorStatus): Promise<readonly string[]>
  /**
   * Runs collectors once, one after the other, in one snapshot of whichever endpoint answers now, and keeps nothing of
   * it: no page changes, no counter moves. The snapshot is given up when the reports were read. Rejects with the reason
   * of each endpoint when none can be used.
   */
  check(collectors: readonly CollectorStatus[], wishes: Wishes): Promise<Check>
  /** Resolves when no round is running. */
  settled(): Promise<void>
  /** Has the database end the queries of the running round, whose collectors then fail. */
  cancel(): void
}

/** One run of every collector that is due, in one snapshot of the database. */
export default fp(
  async (app) => {
    const { COLLECTOR_CONCURRENCY: concurrency, COLLECTOR_MAX_SERIES: budget } = app.config
    const stopping = new AbortController()
    let current: Promise<void> | undefined
    let progress: Progress | undefined
    let outage = false

    async function collect(due: readonly CollectorStatus[]): Promise<Outcome[]> {
      // The longest that `concurrency` collectors at a time can take, when each takes all the time that it has.
      const timeouts = due.map(({ timeout }) => timeout)
      const hold = timeouts.reduce((sum, timeout) => sum + timeout, 0) / concurrency + Math.max(...timeouts)
      const lost = new Map<Snapshot['endpoint'], Error>()
      let outcomes: Outcome[] | undefined
      for (;;) {
        const started = performance.now()
        let snapshot: Snapshot
        try {
          snapshot = await app.db.snapshot(hold, stopping.signal, lost)
        } catch (error) {
          if (outcomes !== undefined) return outcomes
          if (!outage) app.log.error(`no snapshot of the database: ${describeError(error)}`)
          outage = true
          return due.map((status) => failure(status, started, error))
        }
        if (outage) app.log.info('the database is back')
        outage = false
        progress = progress && { ...progress, done: 0 }
        outcomes = await runAll(due, snapshot)
        const failed = outcomes.some(({ result }) => result instanceof Error)
        // Asked after it was closed: that the lead is gone, or silent, may not have shown before.
        await snapshot.close()
        if (!failed || !snapshot.lost || stopping.signal.aborted) return outcomes
        lost.set(snapshot.endpoint, new Error('its connection was lost in a round'))
      }
    }

    async function runAll(due: readonly CollectorStatus[], snapshot: Snapshot): Promise<Outcome[]> {
      const outcomes: Outcome[] = []
      const queue = due.values()
      const work = async () => {
        for (const status of queue) {
          outcomes.push(await runOne(status, snapshot))
          progress = progress && { ...progress, done: outcomes.length }
        }
      }
      await Promise.all(Array.from({ length: snapshot.alone ? 1 : concurrency }, work))
      return outcomes
    }

    async function runOne(status: CollectorStatus, snapshot: Snapshot): Promise<Outcome> {
      const started = performance.now()
      const now = parseMoment(snapshot.begun.time)
      app.state.expire(status, now)
      try {
        const make = await snapshot.run(status.timeout, stopping.signal, (sql) =>
          run(status, sql, now, budget),
        )
        const found = await make()
        return { status, seconds: (performance.now() - started) / 1000, ...found }
      } catch (error) {
        return failure(status, started, error)
      }
    }

    function log({ status, result }: Outcome): void {
      const who = { collector: status.collector.name, file: status.file }
      if (result instanceof Error) {
        if (status.error === undefined && !outage) {
          app.log.error(who, `collector fails: ${describeError(result)}`)
        }
        return
      }
      if (status.error !== undefined) app.log.info(who, 'collector works again')
      const before = status.last?.result
      const rejectedBefore =
        before !== undefined && !(before instanceof Error) && before.rejection !== undefined
      if (result.rejection !== undefined && !rejectedBefore) {
        app.log.warn(
          { ...who, rejected: result.rejected },
          `collector rejects rows: ${renderFinding(result.rejection)}`,
        )
      }
    }

    async function runRound(tick: number, due: readonly CollectorStatus[]): Promise<void> {
      if (due.length === 0) return
      const started = performance.now()
      progress = { started, total: due.length, done: 0 }
      const { term } = app.leader
      const outcomes = await collect(due)
      for (const outcome of outcomes) log(outcome)
      // Saved before it is shown: what was shown once is never lost.
      await Promise.all([app.state.save(outcomes), app.page.prepare(outcomes)])
      // Another replica may have begun meanwhile: then this is for that to publish.
      if (!(await app.leader.confirm()) || app.leader.term !== term) return
      app.page.publish(outcomes, (performance.now() - started) / 1000, tick)
      // What the other endpoints say concerns no result, and must not take a connection from a collector.
      void app.db.vote(stopping.signal)
    }

    app.decorate('round', {
      get progress() {
        return progress
      },
      async run(tick, collectors) {
        const due = collectors ?? app.collectors.list.filter((status) => status.ticksUntilDue(tick) === 0)
        current = runRound(tick, due)
          .catch((error) => app.log.error(error, 'a round ended in an error of the service itself'))
          .finally(() => {
            current = undefined
            progress = undefined
          })
        await current
      },
      async explain({ collector, timeout, window }) {
        const { signal } = stopping
        const snapshot = await app.db.snapshot(
          timeout,
          AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        )
        try {
          const now = parseMoment(snapshot.begun.time)
          const asked = { from: window?.sealedTo ?? now, to: now }
          return await snapshot.run(timeout, signal, (sql) => explain(collector, sql, asked))
        } finally {
          await snapshot.close()
        }
      },
      check: (collectors, wishes) => check(app, stopping.signal, collectors, wishes),
      async settled() {
        await current
      },
      cancel: () => stopping.abort(new Error('the service is stopping')),
    })
  },
  { name: 'round', dependencies: ['config', 'db', 'collectors', 'leader', 'state', 'page'] },
)

function failure(status: CollectorStatus, started: number, error: unknown): Outcome {
  const result = error instanceof Error ? error : new Error(describeError(error))
  return { status, seconds: (performance.now() - started) / 1000, result }
}
