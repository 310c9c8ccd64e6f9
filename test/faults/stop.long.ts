import t, { type Test } from 'tap'
import { untilBlocked, untilLeft } from '../backends.ts'
import { createDatabase, type Database } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { DEFECT } from './process.ts'
import { client, createServer, fill } from './server.ts'

t.jobs = 4

const limits = '?connect_timeout=1'

/** Checks that SIGTERM ends the service in good order, and that its output is clean. */
async function ends(t: Test, service: ServiceProcess): Promise<void> {
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
  t.match(service.output(), 'stopping on SIGTERM')
  t.notMatch(service.output(), DEFECT)
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

/** A service that collects from one table, which the test holds a lock on. */
async function hung(t: Test, { url, sql }: Database, timeout: string) {
  const holder = client(t, url)
  await holder`BEGIN`
  await holder`LOCK TABLE destinations`
  const service = await spawnService(t, {
    DATABASE_URL: url + limits,
    COLLECTORS: 'destinations',
    COLLECTOR_TIMEOUT: timeout,
  })
  await service.said('collecting from this endpoint')
  await untilBlocked(sql, databaseOf(url))
  return { service, holder }
}

t.test('SIGTERM ends a wait for the quorum of a frozen server', { buffered: true }, async (t) => {
  const postgres = await createServer(t)
  postgres.freeze()
  const gate = await Gate.start(t, postgres.url)
  const service = await spawnService(t, { DATABASE_URL: urlOf(postgres.url, [gate], '?connect_timeout=60') })
  // The vote is under way then, and would go on for a minute.
  await gate.connected()
  await ends(t, service)
  postgres.thaw()
  await untilLeft(t, client(t, postgres.url), 0)
})

t.test(
  'SIGTERM in the first round lets its queries run into their timeouts',
  { buffered: true },
  async (t) => {
    const database = await createDatabase(t)
    const { service, holder } = await hung(t, database, '1s')
    await ends(t, service)
    await untilLeft(t, database.sql, 0)
    t.notMatch(service.output(), 'cancelled')
    await holder`COMMIT`
  },
)

t.test('SIGTERM cancels the queries of a first round that does not end', { buffered: true }, async (t) => {
  const database = await createDatabase(t)
  const { url, sql } = database
  await fill(sql)
  await sql`ALTER TABLE destinations RENAME TO kept`
  await sql`CREATE VIEW destinations AS SELECT kept.* FROM kept, pg_sleep(3600)`
  const env = { DATABASE_URL: url + limits, COLLECTORS: 'destinations', COLLECTOR_TIMEOUT: '1h' }
  const service = await spawnService(t, env)
  await service.said('collecting from this endpoint')
  await untilBlocked(sql, databaseOf(url), 'Timeout')
  await ends(t, service)
  t.match(service.output(), 'its queries are cancelled')
  await untilLeft(t, database.sql, 0)
})

for (const [timeout, how] of [
  ['1s', 'runs into its deadline'],
  ['5m', 'is given up'],
] as const) {
  t.test(`SIGTERM with a query hung on a frozen server ${how}`, { buffered: true }, async (t) => {
    const postgres = await createServer(t)
    const sql = client(t, postgres.url)
    const { service, holder } = await hung(t, { url: postgres.url, sql }, timeout)
    postgres.freeze()
    await ends(t, service)
    postgres.thaw()
    await holder`COMMIT`
    await untilLeft(t, sql, 0)
  })
}

t.test('SIGTERM lets scrapes in flight have their whole page', { buffered: true }, async (t) => {
  const database = await createDatabase(t)
  await fill(database.sql)
  const service = await spawnService(t, { DATABASE_URL: database.url, METRICS_TICK_DURATION: '1s' })
  await service.said('metrics on')
  const { promise: enough, resolve } = Promise.withResolvers<void>()
  let answered = 0
  const wrong: string[] = []
  async function scrape(): Promise<void> {
    for (;;) {
      let response: Response
      try {
        response = await fetch(`${service.url}/metrics`, { headers: { connection: 'close' } })
      } catch {
        // Not one byte of an answer: the listener is closed, which is all that ends this.
        return
      }
      try {
        const text = await response.text()
        if (response.status !== 200 || !text.endsWith('\n')) wrong.push(`${response.status} ${text}`)
        if (++answered === 100) resolve()
      } catch (error) {
        wrong.push(`an answer that broke off: ${error}`)
      }
    }
  }
  const scrapers = Array.from({ length: 20 }, scrape)
  await enough
  await ends(t, service)
  await untilLeft(t, database.sql, 0)
  await Promise.all(scrapers)
  t.same(wrong, [])
})
