import t, { type Test } from 'tap'
import type { Postgres } from '../../demo/postgres.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import { checkExact, collectors, createEvents, quiet } from '../faults/exact.ts'
import { type PoolerOptions, startPooler } from '../faults/pooler.ts'
import { client, createServer } from '../faults/server.ts'
import { createStandby } from '../faults/standby.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

/** Server connections that end as soon as pgbouncer may end them. */
const SHORT = 'server_lifetime = 1\nserver_idle_timeout = 1'

const one = defineCollector({
  name: 'one',
  metrics: { business_one: gauge('One.') },
  query: (sql) => sql`SELECT 1 AS business_one`,
})

/** What the log of a service that only fails has above `info`. */
async function errorsOf(t: Test, url: string): Promise<string[]> {
  const { log, round, database } = await startService(t, { DATABASE_URL: url }, { collectors: [one] })
  await round()
  t.type(database.collectors.list[0]?.error, Error)
  return log.filter(({ level }) => level > 30).map(({ msg }) => msg)
}

t.setTimeout(120_000)
t.test('through pgbouncer', { skip: lacks('pgbouncer', 'pgbouncer') }, async (t) => {
  const primary = await createServer(t)
  const writer = client(t, primary.url)
  await createEvents(writer)
  const copy = await createStandby(t, primary)
  const { password } = new URL(primary.url)
  const standby: Postgres = { ...copy, url: copy.url.replace(new URL(copy.url).password, password) }

  for (const [mode, size, auth] of [
    ['session', 1, 'md5'],
    ['session', 2, 'scram-sha-256'],
    ['transaction', 1, 'trust'],
    ['transaction', 2, 'md5'],
  ] as const) {
    const options: PoolerOptions = { mode, auth, settings: `${SHORT}\nidle_transaction_timeout = 2` }
    await t.test(
      `in ${mode} mode with ${size} server connections and ${auth}, numbers are exact`,
      async (t) => {
        const pooler = await startPooler(t, standby, size, options)
        const env = { DATABASE_URL: `${pooler.url}?connect_timeout=1` }
        const service = await startService(t, env, { collectors })
        await checkExact(t, service, writer)
        await quiet(t, service)

        await pooler.stop()
        await service.round()
        await pooler.start()
        t.comment('it was restarted')
        await checkExact(t, service, writer)

        await pooler.lead(primary)
        await standby.stop()
        t.comment('it leads to the primary, without its standby')
        await checkExact(t, service, writer)
        await standby.start()
        await pooler.stop()
        t.equal(pooler.log().includes('idle transaction timeout'), false, 'it ended no transaction')
      },
    )
  }

  await t.test('in statement mode nothing works, and the way out is said once', async (t) => {
    const pooler = await startPooler(t, primary, 2, { mode: 'statement' })
    t.same(await errorsOf(t, pooler.url), [
      `database unavailable: ${pooler.endpoint}: transaction blocks not allowed in statement pooling mode — a round is one transaction: set pool_mode = transaction for this database in pgbouncer.ini, or connect directly`,
    ])
  })

  await t.test('options that it does not pass on are said, and what to do', async (t) => {
    const pooler = await startPooler(t, primary, 2)
    const options = encodeURIComponent('-c work_mem=8MB')
    const { database } = await startService(
      t,
      { DATABASE_URL: `${pooler.url}?options=${options}`, DATABASE_WAIT_TIMEOUT: '1s' },
      { collectors: [one], start: false },
    )
    await t.rejects(
      database.ticker.start(),
      /unsupported startup parameter.* leave `options` out of DATABASE_URL/,
    )
  })
})
