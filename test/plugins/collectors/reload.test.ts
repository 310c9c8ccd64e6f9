import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { createDatabase } from '../../database.ts'
import { samplesOf } from '../../exposition.ts'
import { poll } from '../../poll.ts'
import { spawnService } from '../../process.ts'
import { startService } from '../../service.ts'

const gauge = (name: string, value: number, metric = `business_${name}`) => `
import { defineCollector, gauge } from 'metrics-service'
export default defineCollector({
  name: '${name}',
  metrics: { ${metric}: gauge('Things.') },
  query: (sql) => sql\`SELECT ${value} AS ${metric}\`,
})
`
/** Counts the rows of \`events\` since it began; \`more\` is of its definition. */
const counter = (more = '') => `
import { counter, defineCollector } from 'metrics-service'
export default defineCollector({
  name: 'events',
  metrics: { business_events_total: counter('Events.') },
  window: { settle: '0s' },
  ${more}
  query: (sql, { from, to }) => sql\`
    SELECT count(*) AS business_events_total FROM events WHERE happened > \${from} AND happened <= \${to}\`,
})
`
const BROKEN = 'export default defineCollector({'

async function start(t: Test, files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE events (happened timestamptz)`
  const folder = t.testdir({ ...files })
  const service = await startService(t, { DATABASE_URL: url, ...env }, { folder })
  const write = (file: string, content: string) => writeFileSync(join(folder, file), content)
  const happen = () => sql`INSERT INTO events VALUES (clock_timestamp())`
  /** The numbers of the page whose names hold a text. */
  const page = async (text = 'business_') =>
    Object.fromEntries([...(await service.scrape())].filter(([name]) => name.includes(text)))
  return { ...service, url, sql, folder, write, happen, page }
}

t.test('what is new, changed and gone takes effect at the next tick', async (t) => {
  const { app, write, page, folder, round, log } = await start(t, {
    'a.ts': gauge('a', 1),
    'b.ts': gauge('b', 1),
  })
  write('a.ts', gauge('a', 2))
  write('c.ts', gauge('c', 3))
  rmSync(join(folder, 'b.ts'))
  t.same(await page(), { business_a: 1, business_b: 1 })
  t.match(await app.reload(), { success: true, begun: ['c'], changed: ['a'], gone: ['b'] })
  t.same(await page(), { business_a: 1, business_c: 0 }, 'what is known before a run')
  await round()
  t.same(await page(), { business_a: 2, business_c: 3 })
  t.ok(log.some(({ msg }) => msg === 'collectors reloaded: 1 new, 1 changed, 1 gone'))
})

t.test('a windowed counter of the same shape goes on, exactly', async (t) => {
  const { app, write, page, round, happen } = await start(t, { 'events.ts': counter() })
  await round()
  for (let i = 1; i <= 3; i++) {
    await happen()
    write('events.ts', counter(`timeout: '${i}s',`))
    await app.reload()
    t.same(await page(), { business_events_total: i - 1 })
    await round()
    t.same(await page(), { business_events_total: i })
  }
})

t.test('a counter of another shape begins', async (t) => {
  const { app, write, page, round, happen } = await start(t, { 'events.ts': counter() })
  await round()
  await happen()
  await round()
  t.same(await page(), { business_events_total: 1 })
  write('events.ts', counter().replaceAll('business_events_total', 'business_happened_total'))
  await app.reload()
  t.same(await page(), { business_happened_total: 0 })
  await round()
  t.same(await page(), { business_happened_total: 0 })
})

t.test('of a file that is wrong the last version goes on, until it is repaired', async (t) => {
  const { app, write, page, round, happen, log } = await start(t, { 'events.ts': counter() })
  await round()
  await happen()
  write('events.ts', BROKEN)
  t.match(await app.reload(), {
    success: false,
    problems: [/events\.ts cannot be loaded/],
    changed: [],
    gone: [],
  })
  await round()
  t.same(await page(), { business_events_total: 1 })
  t.same(await page('collector_success'), { 'collector_success{collector="events"}': 1 })
  const { collectors_reload_success, collectors_reload_timestamp_seconds: loaded } =
    await page('collectors_reload')
  t.equal(collectors_reload_success, 0)
  t.match(
    log.filter(({ msg }) => msg.startsWith('collector not reloaded, and its last version goes on')),
    [{ collector: 'events', file: /events\.ts/, level: 'error' }],
  )
  t.equal((await app.inject('/readyz')).statusCode, 200, 'its values are fresh')
  await happen()
  write('events.ts', counter("timeout: '9s',"))
  t.match(await app.reload(), { success: true })
  await round()
  t.same(await page(), { business_events_total: 2 })
  const after = await page('collectors_reload')
  t.equal(after.collectors_reload_success, 1)
  t.ok(Number(after.collectors_reload_timestamp_seconds) > Number(loaded))
})

t.test('a collector that comes back has counted what happened meanwhile', async (t) => {
  const { app, write, page, round, happen, folder } = await start(t, { 'events.ts': counter() })
  await round()
  await happen()
  await round()
  rmSync(join(folder, 'events.ts'))
  await app.reload()
  await round()
  t.same(await page(), {})
  await happen()
  write('other-name.ts', counter())
  await app.reload()
  await round()
  t.same(await page(), { business_events_total: 2 })
})

t.test('a collector that comes after a restart goes on from STATE_FILE', async (t) => {
  const STATE_FILE = join(t.testdir({}), '../state.json')
  t.teardown(() => rmSync(STATE_FILE, { force: true }))
  const first = await start(t, { 'events.ts': counter() }, { STATE_FILE })
  await first.round()
  await first.happen()
  await first.round()
  rmSync(join(first.folder, 'events.ts'))
  const second = await startService(t, { DATABASE_URL: first.url, STATE_FILE }, { folder: first.folder })
  await second.round()
  first.write('events.ts', counter())
  await second.app.reload()
  await second.round()
  t.equal((await second.scrape()).get('business_events_total'), 1)
})

t.test('in a clash it is what is new that fails', async (t) => {
  const { app, write, page, round } = await start(t, { 'b.ts': gauge('b', 1), 'd.ts': gauge('d', 4) })
  write('a.ts', gauge('a', 2, 'business_b'))
  write('d.ts', gauge('d', 5, 'business_b'))
  t.match(await app.reload(), { success: false })
  await round()
  t.same(await page(), { business_b: 1, business_d: 4 })
  t.same(await page('collector_success'), {
    'collector_success{collector="a"}': 0,
    'collector_success{collector="b"}': 1,
    'collector_success{collector="d"}': 1,
  })
})

t.test('a metric moves from one collector to another', async (t) => {
  const { app, write, page, round, folder } = await start(t, { 'a.ts': gauge('a', 1, 'business_x') })
  rmSync(join(folder, 'a.ts'))
  write('b.ts', gauge('b', 2, 'business_x'))
  t.match(await app.reload(), { success: true, begun: ['b'], gone: ['a'] })
  await round()
  t.same(await page(), { business_x: 2 })
})

t.test('a reload waits for the round that runs', async (t) => {
  const { app, write, page, database, folder, sql } = await start(t, { 'events.ts': counter() })
  const lock = await sql.reserve()
  await lock`BEGIN`
  await lock`LOCK TABLE events`
  const round = database.round.run(1)
  rmSync(join(folder, 'events.ts'))
  write('a.ts', gauge('a', 1))
  const reload = app.reload()
  await poll(
    () => sql`SELECT FROM pg_locks WHERE NOT granted`,
    ({ length }) => length > 0,
  )
  t.same(await page(), { business_events_total: 0 })
  await lock`COMMIT`
  lock.release()
  await round
  await reload
  t.same(await page(), { business_a: 0 })
})

t.test('all databases have the same collectors at once, and one head for each metric', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE events (happened timestamptz)`
  const folder = t.testdir({ 'a.ts': gauge('a', 1) })
  const { app, scrape } = await startService(t, { DATABASE_URL: `eu=${url} us=${url}` }, { folder })
  const round = () => Promise.all(app.databases.map(({ ticker, round }) => round.run(ticker.tick + 1)))
  await Promise.all(app.databases.map(({ ticker }) => ticker.start()))
  await round()
  writeFileSync(join(folder, 'a.ts'), gauge('a', 2).replace('Things.', 'Other things.'))
  await app.reload()
  const { body } = await app.inject('/metrics')
  t.equal(body.split('# TYPE business_a ').length, 2)
  t.match(body, '# HELP business_a Other things.')
  await round()
  const samples = await scrape()
  t.equal(samples.get('business_a{database="eu"}'), 2)
  t.equal(samples.get('business_a{database="us"}'), 2)
})

t.test('a folder that is gone leaves all as it is', async (t) => {
  const { app, page, folder, round } = await start(t, { 'a.ts': gauge('a', 1) })
  renameSync(folder, `${folder}-away`)
  t.match(await app.reload(), { success: false, problems: [/COLLECTORS_FOLDER/] })
  renameSync(`${folder}-away`, folder)
  await round()
  t.same(await page(), { business_a: 1 })
  t.match(await app.reload(), { success: true })
})

t.test('POST /debug/reload reads the folder, and needs the token', async (t) => {
  const port = await freePort()
  const token = 'a-token-of-some-length'
  const { write } = await start(
    t,
    { 'a.ts': gauge('a', 1) },
    { DEBUG_PORT: String(port), DEBUG_TOKEN: token },
  )
  const ask = async (headers: Record<string, string> = { authorization: `Bearer ${token}` }) => {
    const response = await fetch(`http://127.0.0.1:${port}/debug/reload`, { method: 'POST', headers })
    return [response.status, await response.json()]
  }
  t.match(await ask({}), [401])
  t.match(await ask({ authorization: `Bearer ${token}`, 'sec-fetch-site': 'cross-site' }), [403])
  write('b.ts', gauge('b', 1))
  t.match(await ask(), [200, { success: true, begun: ['b'] }])
  write('a.ts', BROKEN)
  t.match(await ask(), [422, { success: false, problems: [/a\.ts cannot be loaded/] }])
  const debug = await fetch(`http://127.0.0.1:${port}/debug`, {
    headers: { authorization: `Bearer ${token}` },
  })
  t.match(await debug.text(), /a\.ts cannot be loaded/)
})

t.test('the service sees each way in which a file changes, and none that is no change', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const dir = t.testdir({ one: { 'a.ts': gauge('a', 1) }, two: { 'a.ts': gauge('a', 2) } })
  const folder = join(dir, 'mounted')
  mkdirSync(folder)
  // As a ConfigMap is mounted.
  symlinkSync('../one', join(folder, '..data'))
  symlinkSync('..data/a.ts', join(folder, 'a.ts'))
  const service = await spawnService(t, {
    DATABASE_URL: url,
    COLLECTORS_FOLDER: folder,
    METRICS_TICK_DURATION: '1s',
  })
  await service.said('metrics on')
  const shows = (samples: Record<string, number>) =>
    poll(
      async () => samplesOf(await (await fetch(`${service.url}/metrics`)).text()),
      (page) => Object.entries(samples).every(([name, value]) => page.get(name) === value),
    )
  await shows({ business_a: 1 })
  symlinkSync('../two', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  await shows({ business_a: 2 })
  const b = join(folder, 'b.ts')
  writeFileSync(b, gauge('b', 1))
  await shows({ business_b: 1 })
  writeFileSync(b, gauge('b', 2))
  await shows({ business_b: 2 })
  writeFileSync(join(folder, 'b.tmp'), gauge('b', 3))
  renameSync(join(folder, 'b.tmp'), b)
  await shows({ business_b: 3 })
  rmSync(b)
  writeFileSync(b, gauge('b', 4))
  await shows({ business_b: 4 })
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'sub/c.ts'), gauge('c', 5))
  await shows({ business_c: 5 })
  const reloads = () => service.output().split('collectors reloaded').length
  const before = reloads()
  for (const file of ['.b.ts.swp', 'b.ts~', '4913~']) writeFileSync(join(folder, file), 'x')
  writeFileSync(b, gauge('b', 6))
  await shows({ business_b: 6 })
  t.equal(reloads(), before + 1)
  t.ok(existsSync(b))
})

t.test('SIGHUP reads the folder', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({ 'a.ts': gauge('a', 1) })
  const service = await spawnService(t, { DATABASE_URL: url, COLLECTORS_FOLDER: folder })
  await service.said('metrics on')
  service.child.kill('SIGHUP')
  await service.said('collectors reloaded: 0 new, 0 changed, 0 gone')
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
})

t.test(
  'what is left of an earlier version of a file is not the fault of the one that repairs it',
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const stray = (value: number) =>
      gauge('a', value).replace('query: (sql) =>', 'query: (sql) => (start(), sql`SELECT 1`) &&')
    const start = "function start() { setInterval(() => { throw new Error('stray') }, 50) }"
    const folder = t.testdir({
      'a.ts': `${start}\n${stray(1)}`,
      'b.ts': `setInterval(() => { throw 1 }, 50)\n${gauge('b', 1)}`,
    })
    const service = await spawnService(t, {
      DATABASE_URL: url,
      COLLECTORS_FOLDER: folder,
      METRICS_TICK_DURATION: '1s',
    })
    await service.said('metrics on')
    const page = async () => samplesOf(await (await fetch(`${service.url}/metrics`)).text())
    const success = (value: number, samples: ReadonlyMap<string, number>) =>
      ['a', 'b'].every((name) => samples.get(`collector_success{collector="${name}"}`) === value)
    await poll(page, (samples) => success(0, samples))
    for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.ts`), gauge(name, 2))
    const samples = await poll(page, (samples) => success(1, samples))
    t.equal(samples.get('business_a'), 2)
    t.equal(samples.get('business_b'), 2)
  },
)
