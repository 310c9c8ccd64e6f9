import t from 'tap'
import { createDatabase } from '../../database.ts'
import { samplesOf } from '../../exposition.ts'
import { poll } from '../../poll.ts'
import { spawnService } from '../../process.ts'
import { startService } from '../../service.ts'
import { runJson } from '../../src/check/run.ts'

const good = (name: string, metric = `business_${name.replaceAll('-', '_')}`) => `
import { defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: '${name}',
  metrics: { ${metric}: gauge('Things.') },
  query: (sql) => sql\`SELECT 7 AS ${metric}\`,
})
`
/** A collector with this in its query, before it returns what it should. */
const querying = (name: string, code: string) => `
import { defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: '${name}',
  metrics: { business_${name}: gauge('Things.') },
  query: (sql) => { ${code}; return sql\`SELECT 7 AS business_${name}\` },
})
`

/** By the name of its collector: its file, and what is said of it. */
const faults: Readonly<Record<string, readonly [content: string, says: RegExp]>> = {
  throwing: ["throw new Error('not today')", /throwing\.ts cannot be loaded: not today/],
  text: ["throw 'not today'", /text\.ts cannot be loaded: not today/],
  syntax: ['export default defineCollector({', /syntax\.ts cannot be loaded/],
  missing: ["import './nowhere.ts'", /missing\.ts cannot be loaded: .*nowhere/],
  package: ["import 'not-installed'", /package\.ts cannot be loaded: .*not-installed/],
  empty: ['', /empty\.ts has no default export/],
  object: ["export default { name: 'things' }", /no default export that is a plugin/],
  exiting: ['process.exit(0)', /exiting\.ts cannot be loaded: its code calls process\.exit\(\)/],
  aborting: ['process.abort()', /its code calls process\.abort\(\)/],
  killing: ["process.kill(process.pid, 'SIGKILL')", /its code calls process\.kill\(\)/],
  rejected: [
    `Promise.reject(new Error('top'))\n${good('rejected')}`,
    /its code failed where nobody waited for it: top/,
  ],
  ticking: [
    `process.nextTick(() => { throw new Error('tick') })\n${good('ticking')}`,
    /nobody waited for it: tick/,
  ],
  late: [`setTimeout(() => { throw new Error('late') }, 50)\n${good('late')}`, /nobody waited for it: late/],
  wrong: [good('wrong', 'business-wrong'), /cannot be loaded|business/],
  plain: [
    "export default async () => { throw new Error('no plugin') }",
    /plain\.ts cannot be loaded: no plugin/,
  ],
  databases: [
    good('databases').replace('metrics:', "databases: ['eu'],\nmetrics:"),
    /it lists databases, and DATABASE_URL gives no names/,
  ],
  own: [good('own', 'collector_success'), /taken by the service itself/],
  zclash: [good('zclash', 'business_good'), /"business_good".* is taken by collector "good"/],
  asynchronous: [
    good('asynchronous').replace('query: (sql) =>', 'query: async (sql) => await'),
    /its query must return the sql`…` itself/,
  ],
  stray: [querying('stray', "Promise.reject(new Error('stray'))"), /nobody waited for it: stray/],
  timer: [querying('timer', "setTimeout(() => { throw new Error('timer') })"), /nobody waited for it: timer/],
  immediate: [
    querying('immediate', "setImmediate(() => { throw new Error('soon') })"),
    /nobody waited for it: soon/,
  ],
  sending: [querying('sending', 'sql`SELECT 1/0`.execute()'), /its query is sent by its own code/],
  ending: [querying('ending', 'process.exit(0)'), /its code calls process\.exit\(\)/],
  emitting: [
    querying('emitting', "new (process.getBuiltinModule('events'))().emit('error', new Error('emitted'))"),
    /emitted/,
  ],
}
const files = {
  'good.ts': good('good'),
  ...Object.fromEntries(Object.entries(faults).map(([name, [content]]) => [`${name}.ts`, content])),
}

t.test('a fault of a collector fails that one alone, in the service', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir(files)
  const service = await spawnService(t, {
    DATABASE_URL: url,
    COLLECTORS_FOLDER: folder,
    METRICS_TICK_DURATION: '1s',
  })
  await service.said('metrics on')
  const page = async () => samplesOf(await (await fetch(`${service.url}/metrics`)).text())
  // A counter, because what its code threw once fails a collector for two rounds.
  const failures = (samples: ReadonlyMap<string, number>, name: string) =>
    samples.get(`collection_errors_total{collector="${name}"}`) ?? 0
  const samples = await poll(
    page,
    (samples) =>
      samples.get('collector_success{collector="good"}') === 1 &&
      Object.keys(faults).every((name) => failures(samples, name) > 0),
  )
  t.equal(failures(samples, 'good'), 0)
  t.equal(samples.get('business_good'), 7)
  const lines = service.output().split('\n')
  for (const [name, [, says]] of Object.entries(faults)) {
    const line = lines.find(
      (line) => line.includes(`"collector":"${name}"`) && line.includes('"level":"error"'),
    )
    const { msg, file } = JSON.parse(line ?? '{}')
    t.match(msg, says, name)
    t.match(file, `${name}.ts`)
  }
  t.equal((await fetch(`${service.url}/readyz`)).status, 503)
  t.equal((await fetch(`${service.url}/healthz`)).status, 200)
  t.equal(service.child.exitCode, null)
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
})

t.test('a fault of a collector is in the report of a check, and the others are checked', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { code, document } = await runJson(t, { DATABASE_URL: url }, '--folder', t.testdir(files))
  t.equal(code, 1)
  const reports = new Map(document.collectors.map((report) => [report.name, report]))
  t.same(reports.get('good')?.errors, [])
  for (const [name, [, says]] of Object.entries(faults)) {
    // It comes after the check of the collector has ended.
    if (name === 'late') continue
    t.match(
      reports
        .get(name)
        ?.errors.map(({ problem }) => problem)
        .join('\n'),
      says,
      name,
    )
    t.match(reports.get(name)?.file, `${name}.ts`)
  }
})

t.test('what never ends, ends only the thread that tries it', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({
    'await.ts': 'await new Promise(() => {})',
    'good.ts': good('good'),
    'loop.ts': 'for (;;) {}',
    'query.ts': querying('query', 'for (;;) {}'),
    'memory.ts': 'const all = []\nfor (;;) all.push(new Array(1e5).fill(all.length))',
  })
  const { scrape, log } = await startService(t, { DATABASE_URL: url }, { folder, patience: 3000 })
  const samples = await scrape()
  t.equal(samples.get('business_good'), 7)
  for (const name of ['await', 'loop', 'query', 'memory']) {
    t.equal(samples.get(`collector_success{collector="${name}"}`), 0, name)
    const { msg } = log.find(({ collector }) => collector === name) ?? {}
    t.match(msg, /waits for what never comes|come to an end within 3s|ended the thread that tries it/, name)
  }
})
