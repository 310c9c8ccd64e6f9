import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import postgresJs, { type Sql } from 'postgres'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { startPostgres } from '../../demo/postgres.ts'
import { untilBlocked, untilLeft } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { spawnService } from '../process.ts'
import { scrape, until } from '../scrape.ts'

const SCHEMA = readFileSync(new URL('../../demo/schema.sql', import.meta.url), 'utf8')

function client(url: string): Sql {
  return postgresJs(url, { max: 1, onnotice: () => {} })
}

t.test('without DATABASE_URL the service says so, names the demo and exits with 1', async (t) => {
  const service = await spawnService(t, {})
  t.equal(await service.exit, 1)
  t.match(service.output(), /DATABASE_URL is not set.*npm run demo/)
})

t.test('all that is wrong with the environment is told at once, without secrets', async (t) => {
  const service = await spawnService(t, {
    DATABASE_URL: 'postgres://me:hush@h1:5432,h2:x/db',
    METRICS_TICK_DURATION: '60',
    PORT: 'http',
    COLLECTOR_CONCURRENCY: '0',
  })
  t.equal(await service.exit, 1)
  const output = service.messages()
  t.match(output, /METRICS_TICK_DURATION is "60": it takes a duration/)
  t.match(output, /PORT is "http": it takes a whole number from 0 to 65535/)
  t.match(output, /COLLECTOR_CONCURRENCY is "0": it takes a whole number from 1 to 100/)
  t.match(output, /DATABASE_URL is wrong: its host number 2 is not host:port \(value hidden\)/)
  t.notOk(output.includes('hush'))
})

t.test('an unknown name in COLLECTORS is an error that lists the known ones', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const service = await spawnService(t, { DATABASE_URL: url, COLLECTORS: 'connections,nonsense' })
  t.equal(await service.exit, 1)
  t.match(
    service.messages(),
    /COLLECTORS names "nonsense"; the collectors are active, connections-trend, connections, /,
  )
})

t.test('--folder names another folder of collectors', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const collector = new URL('../../src/collector.ts', import.meta.url).href
  const folder = t.testdir({
    'one.ts': `import { defineCollector, gauge } from '${collector}'
export default defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql\`SELECT 1 AS business_one\`,
})
`,
  })
  const command = [process.execPath, 'src/server.ts', '--folder', folder]
  const service = await spawnService(t, { DATABASE_URL: url }, { command })
  await service.said('metrics on')
  const samples = await until(service, (samples) => samples.get('business_one') === 1)
  t.notOk(samples.has('collector_success{collector="connections"}'))
})

t.test('an argument that it does not take is an error that says what it takes', async (t) => {
  const service = await spawnService(t, {}, { command: [process.execPath, 'src/server.ts', 'collectors'] })
  t.equal(await service.exit, 2)
  t.match(service.output(), /^Unexpected argument 'collectors'[\s\S]*\nUsage: serve /)
})

t.test('a port that is taken is an error that names it', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const taken = net.createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as net.AddressInfo
  for (const variable of ['PORT', 'DEBUG_PORT']) {
    const service = await spawnService(t, { DATABASE_URL: url, [variable]: String(port) })
    t.equal(await service.exit, 1)
    t.match(
      service.messages(),
      new RegExp(`${variable} is "${port}": .*address already in use 127.0.0.1:${port}`),
    )
    t.match(service.output(), `set ${variable} to a free one`)
  }
})

t.test('the service gives up waiting for the database after DATABASE_WAIT_TIMEOUT', async (t) => {
  const port = await freePort()
  const env = { DATABASE_URL: `postgres://me:hush@127.0.0.1:${port}/db`, DATABASE_WAIT_TIMEOUT: '300ms' }
  const service = await spawnService(t, env)
  t.equal(await service.exit, 1)
  t.match(service.output(), /the database had 0 of 1 votes after 300ms/)
  t.notOk(service.output().includes('hush'))
})

t.test('SIGTERM ends the service in good order and leaves no backend', async (t) => {
  const { url, sql } = await createDatabase(t)
  const service = await spawnService(t, { DATABASE_URL: url })
  await service.said('metrics on')
  await until(service, (samples) => samples.get('collection_duration_seconds_count{result="success"}') === 1)
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
  await untilLeft(t, sql, 0)
})

t.test('SIGTERM ends a service that waits for the database at once', async (t) => {
  const service = await spawnService(t, {
    DATABASE_URL: `postgres://me:hush@127.0.0.1:${await freePort()}/db`,
  })
  await service.said('waiting for the database quorum')
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
})

/** A service in whose first round a query hangs on a lock that the test holds. */
async function hang(t: Parameters<typeof createDatabase>[0]) {
  const { url, sql } = await createDatabase(t)
  const lock = await sql.reserve()
  await lock`BEGIN`
  await lock`LOCK TABLE destinations`
  const service = await spawnService(t, {
    DATABASE_URL: url,
    COLLECTORS: 'destinations',
    COLLECTOR_TIMEOUT: '60s',
  })
  await service.said('collecting from this endpoint')
  await untilBlocked(sql, new URL(url).pathname.slice(1))
  return { service, lock }
}

t.test('SIGTERM lets a running round end', async (t) => {
  const { service, lock } = await hang(t)
  service.child.kill('SIGTERM')
  await service.said('stopping on SIGTERM')
  t.equal(
    (await scrape(service)).get('collection_duration_seconds_count{result="success"}'),
    0,
    'scrapes are answered',
  )
  await lock`COMMIT`
  lock.release()
  t.equal(await service.exit, 0)
  t.notMatch(service.output(), /cancell|failed/)
})

t.test('the same signal from a terminal and from npm is one', async (t) => {
  const { service, lock } = await hang(t)
  service.child.kill('SIGINT')
  await service.said('stopping on SIGINT')
  service.child.kill('SIGINT')
  await lock`COMMIT`
  lock.release()
  t.equal(await service.exit, 0)
})

t.test('a second signal ends the service at once', async (t) => {
  const { service, lock } = await hang(t)
  service.child.kill('SIGTERM')
  await service.said('stopping on SIGTERM')
  service.child.kill('SIGINT')
  t.equal(await service.exit, 1)
  await lock`COMMIT`
  lock.release()
})

t.test(
  'a database that stops in the middle of a round and returns is a failed round and no more',
  async (t) => {
    const postgres = await startPostgres()
    t.teardown(() => postgres.destroy())
    const sql = client(postgres.url)
    await sql.unsafe(SCHEMA)
    await sql`INSERT INTO projects (org_id, name, app_name) VALUES (gen_random_uuid(), 'one', 'one')`
    await sql`INSERT INTO destinations (project_id, name, type) SELECT id, 'one', 's3' FROM projects`
    const service = await spawnService(t, {
      DATABASE_URL: postgres.url,
      METRICS_TICK_DURATION: '1s',
      COLLECTORS: 'destinations,connections',
    })
    await service.said('metrics on')
    const value = 'business_destinations{type="s3"}'
    await until(service, (samples) => samples.get(value) === 1)

    await sql`BEGIN`
    await sql`LOCK TABLE destinations`
    const watch = client(postgres.url)
    await untilBlocked(watch, 'postgres')
    await Promise.all([postgres.stop('immediate'), sql.end({ timeout: 0 }), watch.end({ timeout: 0 })])

    const during = await until(
      service,
      (samples) => (samples.get('collection_errors_total{collector="connections"}') ?? 0) > 1,
    )
    t.equal(during.get(value), 1, 'the value stays')
    t.equal(during.get('collector_success{collector="destinations"}'), 0)
    t.equal(during.get(`database_up{endpoint="127.0.0.1:${postgres.port}"}`), 0)
    t.equal((await fetch(`${service.url}/healthz`)).status, 200)

    await postgres.start()
    const after = await until(
      service,
      (samples) => samples.get('collector_success{collector="destinations"}') === 1,
    )
    t.equal(after.get(value), 1)
    t.equal(after.get(`database_up{endpoint="127.0.0.1:${postgres.port}"}`), 1)
    t.equal((await fetch(`${service.url}/readyz`)).status, 200)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.notOk(service.output().includes(new URL(postgres.url).password))
  },
)

t.test('a database that freezes in the middle of a round costs the round its deadline', async (t) => {
  const postgres = await startPostgres()
  t.teardown(() => postgres.destroy())
  const sql = client(postgres.url)
  await sql.unsafe(SCHEMA)
  await sql.end()
  const service = await spawnService(t, {
    DATABASE_URL: `${postgres.url}?connect_timeout=1`,
    METRICS_TICK_DURATION: '1s',
    COLLECTOR_TIMEOUT: '1s',
    COLLECTORS: 'destinations,connections',
  })
  await service.said('metrics on')
  const success = 'collector_success{collector="destinations"}'
  await until(service, (samples) => samples.get(success) === 1)
  postgres.freeze()
  await until(service, (samples) => samples.get(success) === 0)
  t.equal((await fetch(`${service.url}/healthz`)).status, 200)
  postgres.thaw()
  await until(service, (samples) => samples.get(success) === 1)
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
})
