import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import type { Gate } from '../gate.ts'

/** What the faults are injected into: a service with the databases eu and us, each behind a gate. */
export interface Scene {
  readonly eu: { readonly sql: Sql; readonly gate: Gate }
  readonly us: { readonly sql: Sql; readonly gate: Gate }
  /** The folders of its collectors and of STATE_FILE. */
  readonly collectors: string
  readonly state: string
  /** Milliseconds of a minute of the rules. */
  readonly minute: number
  restart(): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Resolves when a fault of before is told of. */
  told(alert: string): Promise<void>
}

export interface Fault {
  readonly title: string
  /** Each alert that goes out, and no other. */
  readonly alerts: readonly string[]
  inject(scene: Scene): Promise<void>
  heal(scene: Scene): Promise<void>
}

/** The collectors, and the tables that they read. */
export const COLLECTORS: Readonly<Record<string, string>> = Object.fromEntries(
  ['things', 'others', 'kinds', 'more'].map((name) => [`${name}.ts`, collector(name)]),
)
export const TABLES = `
  CREATE TABLE things AS SELECT 'a' AS kind; CREATE TABLE others AS SELECT 'a' AS kind;
  CREATE TABLE kinds AS SELECT 'a' AS kind; CREATE TABLE more (kind text, at timestamptz);
  CREATE FUNCTION slow(seconds float8) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT ''a'' FROM pg_sleep(seconds)'`

function collector(name: string): string {
  const windowed = name === 'more'
  const metric = windowed ? 'business_more_total' : `business_${name}`
  return `import { counter, defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: '${name}',
  labels: { kind: ['a', 'b'] },
  metrics: { ${metric}: ${windowed ? 'counter' : 'gauge'}('Those of a kind.') },
  ${windowed ? "window: { settle: '1s' }," : ''}
  query: (sql${windowed ? ', { from, to }' : ''}) => sql\`
    SELECT kind, count(*) AS ${metric}
      FROM ${name}
     ${windowed ? `WHERE at > \${from} AND at <= \${to}` : ''}
     GROUP BY kind\`,
})
`
}

/** Makes tables take so many seconds to read, and as they were. */
const slow = async (sql: Sql, seconds: number, ...tables: string[]) => {
  for (const table of tables)
    await sql.unsafe(
      `ALTER TABLE ${table} RENAME TO ${table}_kept; CREATE VIEW ${table} AS SELECT slow(${seconds}) AS kind`,
    )
}
const quick = async (sql: Sql, ...tables: string[]) => {
  for (const table of tables)
    await sql.unsafe(`DROP VIEW ${table}; ALTER TABLE ${table}_kept RENAME TO ${table}`)
}
const nothing = async () => {}

export const FAULTS: readonly Fault[] = [
  {
    title: 'one database of two is down',
    alerts: ['DatabaseDown eu'],
    inject: ({ eu }) => eu.gate.down(),
    heal: ({ eu }) => eu.gate.up(),
  },
  {
    title: 'a database is down for two minutes',
    alerts: [],
    async inject({ eu, minute }) {
      await eu.gate.down()
      await delay(2 * minute)
    },
    heal: ({ eu }) => eu.gate.up(),
  },
  {
    title: 'both databases are down',
    alerts: ['DatabaseDown eu', 'DatabaseDown us'],
    inject: async ({ eu, us }) => void (await Promise.all([eu.gate.down(), us.gate.down()])),
    heal: async ({ eu, us }) => void (await Promise.all([eu.gate.up(), us.gate.up()])),
  },
  {
    title: 'a database is down, and the service is restarted meanwhile, for 45 minutes in all',
    alerts: ['DatabaseDown eu'],
    async inject({ eu, restart, told, minute }) {
      await eu.gate.down()
      await told('DatabaseDown eu')
      await restart()
      await delay(40 * minute)
    },
    heal: ({ eu }) => eu.gate.up(),
  },
  {
    title: 'the service is restarted',
    alerts: [],
    inject: ({ restart }) => restart(),
    heal: nothing,
  },
  {
    title: 'a table is gone, for longer than half an hour',
    alerts: ['CollectorFailing eu things', 'NoFreshData eu'],
    inject: async ({ eu }) => void (await eu.sql`ALTER TABLE things RENAME TO gone`),
    heal: async ({ eu }) => void (await eu.sql`ALTER TABLE gone RENAME TO things`),
  },
  {
    title: 'a table is gone, and the service is restarted after the alert',
    alerts: ['CollectorFailing us things'],
    async inject({ us, restart, told }) {
      await us.sql`ALTER TABLE things RENAME TO gone`
      await told('CollectorFailing us things')
      await restart()
    },
    heal: async ({ us }) => void (await us.sql`ALTER TABLE gone RENAME TO things`),
  },
  {
    title: 'most tables of a database are gone',
    alerts: ['MostCollectorsFail us'],
    inject: async ({ us }) =>
      void (await us.sql.unsafe(
        'ALTER TABLE things RENAME TO a; ALTER TABLE others RENAME TO b; ALTER TABLE kinds RENAME TO c',
      )),
    heal: async ({ us }) =>
      void (await us.sql.unsafe(
        'ALTER TABLE a RENAME TO things; ALTER TABLE b RENAME TO others; ALTER TABLE c RENAME TO kinds',
      )),
  },
  {
    title: 'a query takes longer than its timeout',
    alerts: ['CollectorTimesOut eu others'],
    inject: ({ eu }) => slow(eu.sql, 60, 'others'),
    heal: ({ eu }) => quick(eu.sql, 'others'),
  },
  {
    title: 'rounds take twice as long as a tick',
    alerts: ['TicksSkipped eu'],
    inject: ({ eu }) => slow(eu.sql, 1.4, 'things', 'others', 'kinds'),
    heal: ({ eu }) => quick(eu.sql, 'things', 'others', 'kinds'),
  },
  {
    title: 'a label has a value that is not declared',
    alerts: ['RowsRejected eu kinds'],
    inject: async ({ eu }) => void (await eu.sql`INSERT INTO kinds VALUES ('c')`),
    heal: async ({ eu }) => void (await eu.sql`DELETE FROM kinds WHERE kind = 'c'`),
  },
  {
    title: 'the folder of STATE_FILE is gone',
    alerts: ['StateNotSaved eu', 'StateNotSaved us'],
    inject: async ({ state }) => renameSync(state, `${state}.gone`),
    heal: async ({ state }) => renameSync(`${state}.gone`, state),
  },
  {
    title: 'the folder of STATE_FILE is gone for a minute',
    alerts: [],
    async inject({ state, minute }) {
      rmSync(state, { recursive: true })
      await delay(minute)
    },
    heal: async ({ state }) => void mkdirSync(state),
  },
  {
    title: 'a file of a collector becomes wrong',
    alerts: ['CollectorsNotReloaded'],
    inject: async ({ collectors }) => writeFileSync(join(collectors, 'more.ts'), 'export default 1'),
    heal: async ({ collectors }) => writeFileSync(join(collectors, 'more.ts'), collector('more')),
  },
  {
    title: 'the service hangs',
    alerts: ['MetricsServiceDown'],
    inject: async ({ signal }) => signal('SIGSTOP'),
    heal: async ({ signal }) => signal('SIGCONT'),
  },
  {
    title: 'the service is restarted again and again',
    alerts: ['CrashLoop'],
    async inject({ restart, told, minute }) {
      let over = false
      const heard = told('CrashLoop').then(() => (over = true))
      // Prometheus has to see each start.
      while (!over) {
        await restart()
        await delay(minute)
      }
      await heard
    },
    heal: nothing,
  },
]
