import { Histogram, Registry } from '@prometheus-io/client'
import fc from 'fast-check'
import { Pages } from '../../../plugins/page/pages.ts'
import { SelfMetrics } from '../../../plugins/page/self-metrics.ts'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import type { Database } from '../../../src/database.ts'
import { type ClientFamily, renderClient } from '../../../src/page/exposition.ts'
import { Collectors } from '../../../src/round/collectors.ts'
import type { Outcome } from '../../../src/round/outcome.ts'

const LIMITS = { tick: 1000, timeout: 1000, staleAfter: 1 }
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** More than one part of the page has room for. */
const NAMES = Array.from({ length: 12 }, (_, i) => `collector-${i}`)
const DATABASES = 4

const collectors = NAMES.map(
  (name, i) =>
    defineCollector({
      name,
      labels: { kind: open(10) },
      metrics: { [`business_${i}`]: gauge('Any.'), [`business_${i}_grams`]: gauge('Any.') },
      query: (sql) => sql`SELECT 1`,
    }).collector,
)

/** What happens between two scrapes. `place` is that of a database, `amount` anything that a number is needed for. */
export interface Event {
  readonly kind: 'round' | 'failure' | 'skip' | 'endpoint' | 'lead' | 'forget' | 'state' | 'reload' | 'stray'
  readonly place: number
  readonly collector: number
  readonly amount: number
}

export const event = fc.record<Event>({
  kind: fc.constantFrom(
    'round',
    'round',
    'failure',
    'skip',
    'endpoint',
    'lead',
    'forget',
    'state',
    'reload',
    'stray',
  ),
  place: fc.nat(DATABASES - 1),
  collector: fc.nat(NAMES.length - 1),
  amount: fc.integer({ min: 0, max: 100 }),
})

/** The databases of a service without their servers, what happens to them, and a plain account of it. */
export class World {
  readonly databases: readonly (Pick<Database, 'name' | 'collectors'> & {
    db: {
      endpoints: { name: string; up: boolean; role: { lag: number } | undefined }[]
      votes: number
      required: number
      quorate: boolean
    }
    state: { failures: number; success: boolean | undefined }
    leader: { trustedUntil: number; leading: { host: string; pid: number } | undefined }
    ticker: { skipped: number }
  })[]
  readonly self: SelfMetrics
  readonly pages: Pages
  readonly #registry = new Registry()
  readonly #rounds = new Histogram({
    name: 'collection_duration_seconds',
    help: 'Rounds.',
    labelNames: ['database', 'result'],
    buckets: BUCKETS,
    registers: [this.#registry],
  })
  #tick = 0

  constructor() {
    this.databases = Array.from({ length: DATABASES }, (_, i) => {
      const list = new Collectors({ ...LIMITS, database: `db${i}` })
      for (const collector of collectors) list.add(collector)
      return {
        name: `db${i}`,
        collectors: list,
        db: { endpoints: [], votes: 0, required: 1, quorate: i > 0 },
        state: { failures: 0, success: undefined },
        leader: { trustedUntil: Number.POSITIVE_INFINITY, leading: undefined },
        ticker: { skipped: 0 },
      }
    })
    // What the page does not read is left out.
    const databases = this.databases as unknown as readonly Database[]
    this.self = new SelfMetrics(databases, {
      ...{ elects: true, tick: 1000, budget: 50, created: undefined },
      refusals: new Map([['metrics', { counts: new Map([['token', 1]]) }]]),
      reloads: () => undefined,
      tls: () => undefined,
      pausing: { since: undefined },
    })
    this.pages = new Pages(databases, this.self, { created: undefined, readClient: async () => [] })
    for (const { name } of this.databases) this.#zero(name)
  }

  #zero(database = ''): void {
    for (const result of ['success', 'failure']) this.#rounds.zero({ database, result })
  }

  async happen({ kind, place, collector, amount }: Event): Promise<void> {
    const database = this.databases[place]
    if (database === undefined) return
    const { name, collectors: list, db, leader, state, ticker } = database
    const statuses = list.list.slice(0, collector + 1)
    switch (kind) {
      case 'round':
      case 'failure': {
        const outcomes = statuses.map((status, i): Outcome => {
          const failed = kind === 'failure' && i % 2 === 0
          const sets = Array.from({ length: amount % 4 }, (_, n) => ({
            labels: [`kind ${n}`],
            values: [amount, n],
          }))
          const rejected = { value: amount, label: 1, duplicate: 0 }
          const result = { sets, series: 2 * sets.length, folded: amount, rejected, rejection: undefined }
          return { status, seconds: amount / 7, result: failed ? new Error('failed') : result }
        })
        await this.pages.prepare(outcomes)
        for (const outcome of outcomes) outcome.status.publish(outcome, ++this.#tick, 0, amount)
        this.self.observeRound(name, kind === 'failure', amount / 7)
        const result = kind === 'failure' ? 'failure' : 'success'
        this.#rounds.observe({ database: name ?? '', result }, amount / 7)
        break
      }
      case 'skip':
        ticker.skipped += amount
        break
      case 'endpoint':
        db.endpoints = Array.from({ length: amount % 3 }, (_, n) => ({
          name: `host${n}:5432`,
          up: n === 0,
          role: n === 0 ? { lag: amount } : undefined,
        }))
        db.votes = amount % 3
        break
      case 'lead':
        leader.trustedUntil = amount % 2 === 0 ? 0 : Number.POSITIVE_INFINITY
        leader.leading = amount % 3 === 0 ? undefined : { host: `host "${amount}"`, pid: amount }
        break
      case 'forget':
        for (const status of list.list) status.reset()
        this.self.forget(name)
        for (const result of ['success', 'failure']) this.#rounds.remove({ database: name ?? '', result })
        this.#zero(name)
        break
      case 'state':
        state.failures += amount
        state.success = amount % 2 === 0
        break
      case 'reload':
        list.replace(collectors.slice(0, amount % 13).map((collector) => ({ collector, file: undefined })))
        break
      case 'stray':
        list.list[collector]?.strays.add(new Error('stray'))
    }
  }

  /** The samples that the page has, written one by one from what is there now. */
  async expected(): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    const now = performance.now()
    const show = (name: string, labels: Record<string, string>, value: number | undefined) => {
      if (value === undefined) return
      const family: ClientFamily = { name, help: '', type: 'gauge', values: [{ labels, value }] }
      const line = renderClient([family], 'text', undefined).split('\n').at(-2) ?? ''
      found.set(line.slice(0, line.lastIndexOf(' ')), value)
    }
    const led = this.databases.filter(({ leader }) => leader.trustedUntil > now)
    for (const { name: database = '', collectors, db, ticker } of led) {
      show('collection_skipped_ticks_total', { database }, ticker.skipped)
      for (const status of collectors.list) {
        const { collector, last, error, counts, backoffTicks } = status
        const labels = { database, collector: collector.name }
        const { sets, series } = status.shown(now)
        show('collection_errors_total', labels, counts.failures)
        show('collector_duration_seconds', labels, last?.seconds)
        show('collector_success', labels, error ? 0 : last && 1)
        show('collector_last_success_timestamp_seconds', labels, status.lastSuccess ?? 0)
        show('collector_series', labels, series)
        show('collector_backoff_ticks', labels, backoffTicks > 1 ? backoffTicks : 0)
        for (const reason of ['value', 'label', 'duplicate'] as const)
          show('collector_rejected_rows_total', { ...labels, reason }, counts.rejected[reason])
        show('collector_folded_series_total', labels, counts.folded)
        show('collector_interval_seconds', { collector: collector.name }, 1)
        show('collector_timeout_seconds', { collector: collector.name }, 1)
        show('collector_series_limit', { collector: collector.name }, 50)
        if (!db.quorate) continue
        for (const { labels, values } of sets)
          for (const [m, { name }] of collector.metrics.entries()) {
            const value = values[m]
            if (typeof value === 'number') show(name, { database, kind: labels[0] ?? '' }, value)
          }
      }
    }
    const [rounds]: readonly ClientFamily[] = await this.#registry.getMetricsAsJSON()
    for (const { metricName, labels, value } of rounds?.values ?? []) {
      const { le, ...others } = labels as Record<string, string>
      if (led.some(({ name }) => name === others.database))
        show(String(metricName), le === undefined ? others : { ...others, le: String(le) }, value)
    }
    for (const { name: database = '', db, state, leader } of this.databases) {
      show('collection_state_errors_total', { database }, state.failures)
      show(
        'collection_state_success',
        { database },
        state.success === undefined ? undefined : state.success ? 1 : 0,
      )
      for (const { name: endpoint, up, role } of db.endpoints) {
        show('database_up', { database, endpoint }, up ? 1 : 0)
        show('database_replication_lag_seconds', { database, endpoint }, role?.lag)
      }
      show('database_quorum_votes', { database }, db.votes)
      show('database_quorum_required', { database }, db.required)
      show('collection_leader', { database }, leader.trustedUntil > now ? 1 : 0)
      const { leading } = leader
      if (leading)
        show('collection_leader_info', { database, host: leading.host, pid: String(leading.pid) }, 1)
    }
    show('collection_paused', {}, 0)
    show('collection_tick_seconds', {}, 1)
    show('http_refused_total', { listener: 'metrics', reason: 'token' }, 1)
    return found
  }
}
