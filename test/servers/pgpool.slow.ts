import t from 'tap'
import type { Postgres } from '../../demo/postgres.ts'
import { checkExact, collectors, createEvents, placesOf, quiet, readers } from '../faults/exact.ts'
import { startPgpool } from '../faults/pgpool.ts'
import { client, createServer } from '../faults/server.ts'
import { createStandby } from '../faults/standby.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

/** The load is balanced unless it says so: one query in a thousand at most goes to the server that the transaction is on. */
const ELSEWHERE = { backend_weight0: '0.001' }

t.setTimeout(120_000)
t.test('through Pgpool-II', { skip: lacks('pgpool', 'pgpool2') }, async (t) => {
  const primary = await createServer(t)
  const writer = client(t, primary.url)
  await createEvents(writer)
  const [one, two] = [await createStandby(t, primary), await createStandby(t, primary)]
  // A standby is a copy, and so is its password.
  const copy: Postgres = {
    ...one,
    url: one.urlOf('postgres').replace(/:\w+@/, `:${new URL(primary.url).password}@`),
  }

  await t.test('two standbys that share the load give one snapshot, and count exactly', async (t) => {
    const { url, stop } = await startPgpool(t, [copy, two], ELSEWHERE)
    const service = await startService(t, { DATABASE_URL: url }, { collectors })
    await checkExact(t, service, writer)
    await quiet(t, service)
    await stop()
  })

  await t.test(
    'a primary and its standbys do, statement by statement, behind a cache of results',
    async (t) => {
      const { url, stop } = await startPgpool(t, [primary, one, two], {
        ...ELSEWHERE,
        statement_level_load_balance: 'on',
        allow_sql_comments: 'on',
        memory_cache_enabled: 'on',
        memqcache_oiddir: '.',
      })
      const service = await startService(t, { DATABASE_URL: url }, { collectors })
      await checkExact(t, service, writer)
      await quiet(t, service)
      await stop()
    },
  )

  await t.test('a service that runs one collector at a time has them in one transaction, too', async (t) => {
    const { url, stop } = await startPgpool(t, [primary, one, two], ELSEWHERE)
    const env = { DATABASE_URL: url, COLLECTOR_CONCURRENCY: '1' }
    const service = await startService(t, env, { collectors })
    await checkExact(t, service, writer)
    await quiet(t, service)
    await stop()
  })

  await t.test('without load_balance_mode it is as one server', async (t) => {
    const { url, stop } = await startPgpool(t, [copy, two], { load_balance_mode: 'off' })
    const service = await startService(t, { DATABASE_URL: url }, { collectors })
    await checkExact(t, service, writer)
    await quiet(t, service)
    await stop()
  })

  await t.test(
    'where a transaction is spread over servers nothing is shown, and its setting is named',
    async (t) => {
      const { url } = await startPgpool(t, [primary, one, two], {
        ...ELSEWHERE,
        allow_sql_comments: 'on',
        disable_load_balance_on_write: 'off',
      })
      const { scrape, round, log } = await startService(t, { DATABASE_URL: url }, { collectors: readers })
      await round()
      t.same(placesOf(await scrape()).values, [])
      const told = log.filter(({ level }) => level > 30).map(({ msg }) => msg)
      t.equal(told.length, 1, 'it is said once')
      t.match(told[0], /^database unavailable: .*sent to several servers — set load_balance_mode = off/)
    },
  )
})
