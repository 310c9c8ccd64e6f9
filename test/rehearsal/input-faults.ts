import { spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../cluster/cluster.ts'
import { writeTo } from '../cluster/primary.ts'
import { leash } from '../leash.ts'
import type { Fault } from './fault.ts'
import { newPassword } from './stage.ts'

/** Milliseconds between two looks at a certificate. */
const PACE = 500
const FLOOD = fileURLToPath(new URL('flood.ts', import.meta.url))

const extra = (query: string) => `
import { defineCollector, gauge } from 'metrics-service'

export default defineCollector({
  name: 'extra',
  metrics: { business_extra: gauge('One.') },
  query: (sql) => sql\`SELECT ${query} AS business_extra\`,
})
`

/** Names that a page, a log or a query may stumble over. Null bytes alone are refused by PostgreSQL itself. */
const NAMES = [
  `"'\`;--\\`,
  'two\nlines\r\n# HELP business_rows_total None.\nbusiness_rows_total 1e9',
  '\u202e\ufeff\u2028\u0007',
  '{kind="a"} 1',
  '<script>alert(1)</script>',
  '🦄'.repeat(100),
  'long '.repeat(10_000),
  '',
  'NaN',
  '__name__',
]

/** The name of a row that is rejected for long. */
const LASTING = 'lasting'

/** Deletes rows of these names: those of another fault may last. */
function clean(cluster: Cluster, names: readonly string[]): Promise<unknown> {
  return writeTo(cluster, (sql) => sql`DELETE FROM inputs WHERE name IN ${sql(names)}`)
}

export const INPUT_FAULTS: readonly Fault[] = [
  {
    name: 'a password is rotated',
    lane: 'beside',
    short: true,
    lasts: 1,
    heals: 3,
    may: ['DatabaseUnreachable', 'DatabaseDown', 'DatabaseQuorumLost'],
    async befall({ cluster, files }) {
      const password = newPassword()
      await writeTo(cluster, (sql) => sql.unsafe(`ALTER ROLE metrics PASSWORD '${password}'`))
      return { whom: 'metrics', heal: async () => files.rotate(password) }
    },
  },
  {
    name: 'a certificate is renewed',
    lane: 'beside',
    short: true,
    lasts: 1,
    heals: 3,
    async befall({ files, replicas }) {
      const { raw } = new X509Certificate(await files.renew())
      const renewed = createHash('sha256').update(raw).digest('hex')
      return {
        whom: 'both replicas',
        async heal() {
          // One that does not answer now reads it when it starts, or goes on.
          for (const replica of replicas) while ((await replica.fingerprint()) !== renewed) await delay(PACE)
        },
      }
    },
  },
  {
    name: 'a collector is added, and removed',
    lane: 'beside',
    short: true,
    lasts: 1,
    heals: 10,
    async befall(stage) {
      stage.files.collector('added.ts', extra('1').replaceAll('extra', 'added'))
      return {
        whom: 'both replicas',
        async heal() {
          await stage.has('business_added == 1')
          stage.files.remove('added.ts')
          await stage.has('absent(business_added)')
        },
      }
    },
  },
  {
    name: 'the file of a collector is broken',
    lane: 'beside',
    lasts: 44,
    heals: 4,
    must: ['CollectorsNotReloaded'],
    // The latter when it was there half an hour ago, too, by the clock of the rules, and never succeeded.
    may: ['CollectorFailing', 'NoFreshData'],
    async befall({ files }) {
      files.collector('broken.ts', 'export default defineCollector(')
      return { whom: 'both replicas', heal: async () => files.remove('broken.ts') }
    },
  },
  {
    name: 'a collector fails, and is repaired',
    lane: 'one at a time',
    lasts: 36,
    heals: 6,
    must: ['CollectorFailing'],
    async befall(stage) {
      stage.files.collector('extra.ts', extra('1/0'))
      return {
        whom: 'both replicas',
        async heal() {
          stage.files.collector('extra.ts', extra('2'))
          await stage.has('business_extra == 2')
          stage.files.remove('extra.ts')
        },
      }
    },
  },
  {
    name: 'rows have hostile values',
    lane: 'beside',
    short: true,
    lasts: 10,
    heals: 4,
    may: ['RowsRejected'],
    async befall(stage) {
      const { cluster } = stage
      await writeTo(
        cluster,
        (sql) => sql`
          INSERT INTO inputs (name, value)
          SELECT names.name, numbers.value::float8
            FROM json_array_elements_text(${JSON.stringify(NAMES)}::text::json) AS names (name),
                 unnest(ARRAY['NaN', '-Infinity', '1e308', '7']) AS numbers (value)`,
      )
      return {
        whom: 'inputs',
        heal: () => clean(cluster, NAMES),
      }
    },
  },
  {
    name: 'rows keep being rejected',
    lane: 'one at a time',
    lasts: 55,
    heals: 5,
    must: ['RowsRejected'],
    async befall({ cluster }) {
      await writeTo(cluster, (sql) => sql`INSERT INTO inputs VALUES (${LASTING}, 'NaN')`)
      return {
        whom: 'inputs',
        heal: () => clean(cluster, [LASTING]),
      }
    },
  },
  {
    name: 'both replicas are flooded with requests',
    lane: 'beside',
    short: true,
    lasts: 8,
    heals: 2,
    async befall({ replicas }) {
      const flood = leash(
        spawn(process.execPath, [FLOOD, ...replicas.map(({ port }) => String(port))], { stdio: 'ignore' }),
      )
      if (flood.pid !== undefined) setPriority(flood.pid, constants.priority.PRIORITY_BELOW_NORMAL)
      return {
        whom: 'both replicas',
        async heal() {
          const ended = once(flood, 'exit')
          flood.kill('SIGKILL')
          await ended
        },
      }
    },
  },
]
