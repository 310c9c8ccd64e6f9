import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ISql } from 'postgres'
import { describeError } from '../src/error.ts'
import { observer } from '../src/observe.ts'
import { Rows } from '../src/rows.ts'
import { samplesOf } from '../src/samples.ts'
import type { CollectorStatus, Outcome } from '../src/status.ts'

declare module 'fastify' {
  interface FastifyInstance {
    round: Round
  }
}

type Snapshot = Awaited<ReturnType<FastifyInstance['db']['snapshot']>>

export interface Round {
  /** Whether a round is running. */
  readonly running: boolean
  /** Runs every collector that is due at tick number `tick` and publishes the outcomes. Rejects never. */
  run(tick: number): Promise<void>
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
    let outage = false

    async function collect(due: readonly CollectorStatus[]): Promise<Outcome[]> {
      // The longest that `concurrency` collectors at a time can take, when each takes all the time that it has.
      const timeouts = due.map(({ timeout }) => timeout)
      const hold = timeouts.reduce((sum, timeout) => sum + timeout, 0) / concurrency + Math.max(...timeouts)
      const lost: Set<Snapshot['endpoint']> = new Set()
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
        outcomes = await runAll(due, snapshot)
        const again = snapshot.lost
        await snapshot.close()
        if (!again || stopping.signal.aborted) return outcomes
        lost.add(snapshot.endpoint)
      }
    }

    async function runAll(due: readonly CollectorStatus[], snapshot: Snapshot): Promise<Outcome[]> {
      const outcomes: Outcome[] = []
      const queue = due.values()
      const work = async () => {
        for (const status of queue) outcomes.push(await runOne(status, snapshot))
      }
      await Promise.all(Array.from({ length: concurrency }, work))
      return outcomes
    }

    async function runOne(status: CollectorStatus, snapshot: Snapshot): Promise<Outcome> {
      const started = performance.now()
      const rows = new Rows(status.collector)
      try {
        await snapshot.run(status.timeout, stopping.signal, (sql) => read(status, sql, rows))
        const result = samplesOf(status.collector, rows.sets(), rows.rejections(), budget)
        return { status, seconds: (performance.now() - started) / 1000, result }
      } catch (error) {
        return failure(status, started, error)
      }
    }

    function log({ status, result }: Outcome): void {
      const collector = status.collector.name
      if (result instanceof Error) {
        if (status.error === undefined && !outage) {
          app.log.error({ collector }, `collector fails: ${describeError(result)}`)
        }
        return
      }
      if (status.error !== undefined) app.log.info({ collector }, 'collector works again')
      const before = status.last?.result
      const rejectedBefore =
        before !== undefined && !(before instanceof Error) && before.rejection !== undefined
      if (result.rejection !== undefined && !rejectedBefore) {
        app.log.warn({ collector, rejected: result.rejected }, `collector rejects rows: ${result.rejection}`)
      }
    }

    async function run(tick: number): Promise<void> {
      const started = performance.now()
      const due = app.collectors.list.filter((status) => status.ticksUntilDue(tick) === 0)
      if (due.length === 0) return
      const outcomes = await collect(due)
      for (const outcome of outcomes) log(outcome)
      app.page.publish(outcomes, (performance.now() - started) / 1000, tick)
      // What the other endpoints say concerns no result, and must not take a connection from a collector.
      void app.db.vote(stopping.signal)
    }

    app.decorate('round', {
      get running() {
        return current !== undefined
      },
      async run(tick) {
        current = run(tick)
          .catch((error) => app.log.error(error, 'a round ended in an error of the service itself'))
          .finally(() => {
            current = undefined
          })
        await current
      },
      async settled() {
        await current
      },
      cancel: () => stopping.abort(new Error('the service is stopping')),
    })
  },
  { name: 'round', dependencies: ['config', 'db', 'collectors', 'page'] },
)

/** Sends a collector's query and takes its rows as they arrive. */
async function read({ collector }: CollectorStatus, sql: ISql, rows: Rows): Promise<void> {
  const query: unknown = collector.query(sql, { observe: observer(sql, collector) })
  if (!isQuery(query)) {
    throw new Error('its query must return the sql`…` itself: not a string, and nothing that was awaited')
  }
  let problem: unknown
  let named = false
  const name = (columns: readonly { readonly name: string }[]) => {
    named = true
    try {
      rows.columns(columns.map(({ name }) => name))
    } catch (error) {
      problem = error
    }
  }
  // Arrays rather than objects, one at a time: a large result never stands in memory as a whole.
  const result = await query.values().forEach((row, { columns }) => {
    if (!named) name(columns)
    if (problem === undefined) rows.add(row)
  })
  if (!named) name(result.columns)
  if (problem !== undefined) throw problem
}

/** What the client's types leave out: `forEach` after `values` gives arrays, and the columns beside each. */
interface Query {
  values(): { forEach(each: (row: unknown[], result: Columns) => void): Promise<Columns> }
}
interface Columns {
  readonly columns: readonly { readonly name: string }[]
}

function isQuery(query: unknown): query is Query {
  return query instanceof Promise && 'values' in query && 'forEach' in query
}

function failure(status: CollectorStatus, started: number, error: unknown): Outcome {
  const result = error instanceof Error ? error : new Error(describeError(error))
  return { status, seconds: (performance.now() - started) / 1000, result }
}
