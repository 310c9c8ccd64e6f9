import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { check } from '../../../src/check/command.ts'
import { counter, defineCollector, gauge } from '../../../src/collector.ts'
import { createDatabase } from '../../database.ts'
import { TestIo } from '../../io.ts'
import { startService } from '../../service.ts'

const of = (name: string, servers: { versions?: string; role?: 'primary' | 'standby' }) =>
  defineCollector({
    name,
    metrics: {
      [`business_${name}`]: gauge('Things.'),
      [`business_${name}_done_total`]: counter('Things.'),
    },
    ...servers,
    query: (sql) => sql`SELECT 1 AS ${sql(`business_${name}`)}, 2 AS ${sql(`business_${name}_done_total`)}`,
  })

t.test('a collector runs on the versions and the role that it is for', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const [{ version } = { version: '' }] = await sql<{ version: string }[]>`
    SELECT current_setting('server_version') AS version`
  const major = Number.parseInt(version, 10)
  const service = await startService(
    t,
    { DATABASE_URL: url },
    {
      collectors: [
        of('same', { versions: `${major}` }),
        of('from', { versions: `>=${major} <${major + 1}` }),
        of('either', { versions: `<9 || >${major - 1}`, role: 'primary' }),
        of('newer', { versions: `>${major}` }),
        of('older', { versions: `>=9 <${major}` }),
        of('behind', { role: 'standby' }),
      ],
    },
  )
  const samples = await service.scrape()
  for (const name of ['same', 'from', 'either']) {
    t.equal(samples.get(`business_${name}`), 1)
    t.equal(samples.get(`business_${name}_done_total`), 2)
  }
  for (const [name, why] of [
    ['newer', `it is for PostgreSQL >${major}, and the server is ${version.split(' ')[0]}`],
    ['older', `it is for PostgreSQL >=9 <${major}, and the server is ${version.split(' ')[0]}`],
    ['behind', 'it is for a standby, and the server is a primary'],
  ] as const) {
    t.notOk(samples.has(`business_${name}`), `${name} shows nothing`)
    t.notOk(samples.has(`business_${name}_done_total`))
    t.equal(samples.get(`collector_success{collector="${name}"}`), 1, `${name} does not fail`)
    await service.round()
    const said = service.log.filter(({ msg, collector }) => collector === name && msg.includes('run here'))
    t.match(said, [{ level: 'info', msg: `collector does not run here: ${why}` }], 'it is said once')
    const status = service.database.collectors.list.find(({ collector }) => collector.name === name)
    t.equal(status?.idle, why)
    t.equal(status?.error, undefined)
  }
})

t.test(
  'a collector for another server is no error of a check, which says that it does not run',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const folder = t.testdir({
      'behind.ts': `import { defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: 'behind',
  metrics: { business_behind: gauge('Things.') },
  role: 'standby',
  query: (sql) => sql\`SELECT nothing FROM nowhere\`,
})
`,
    })
    const io = new TestIo()
    const build: typeof buildApp = (options) => buildApp({ ...options, env: { DATABASE_URL: url } })
    t.equal(await check(['--folder', folder, '--no-types', '--strict'], io, build), 0)
    t.match(io.stdout.text, 'does not run here: it is for a standby, and the server is a primary')
  },
)

t.test('versions and a role that there are not are mistakes of a definition', async (t) => {
  for (const versions of ['', 'new', '>= 17 <', '17.1.2.3', '>=17 ||', '=>17'])
    t.throws(() => of('wrong', { versions }), /its versions are .*/, versions)
  t.throws(() => of('wrong', { role: 'leader' as 'primary' }), /its role is "leader"/)
})

t.test(
  'what has zeros: false has no sample where there is no row, and 0 is not shown before the first run',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const collector = defineCollector({
      name: 'rare',
      labels: { kind: ['a', 'b'] },
      metrics: {
        business_filled: gauge('Things.'),
        business_rare: gauge('Things.', { zeros: false }),
        business_rare_done_total: counter('Things.', { zeros: false }),
      },
      query: (sql) => sql`
      SELECT 'a' AS kind, 1 AS business_filled, 2 AS business_rare, 3 AS business_rare_done_total`,
    })
    const service = await startService(t, { DATABASE_URL: url }, { collectors: [collector] })
    const samples = [...(await service.scrape())].filter(([name]) => name.startsWith('business_'))
    t.same(samples, [
      ['business_filled{kind="a"}', 1],
      ['business_filled{kind="b"}', 0],
      ['business_rare{kind="a"}', 2],
      ['business_rare_done_total{kind="a"}', 3],
    ])
  },
)
