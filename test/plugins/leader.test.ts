import t from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'

const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 3 AS business_things`,
})

t.test('a replica says of collectors and rounds only where it leads', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const env = { DATABASE_URL: `eu=${url}`, LEADER_ELECTION: 'true' }
  const [first, second] = [
    await startService(t, env, { collectors: [things], start: false }),
    await startService(t, env, { collectors: [things], start: false }),
  ]
  for (const { database } of [first, second]) {
    await database.ticker.start()
    await database.leader.confirm()
    await database.round.settled()
  }
  const said = async ({ scrape }: typeof first) =>
    [...(await scrape()).keys()].filter((name) => /^(business|collector|collection)_/.test(name))
  t.equal((await first.scrape()).get('collector_success{database="eu",collector="things"}'), 1)
  t.same(await said(second), [
    'collection_state_errors_total{database="eu"}',
    'collection_leader{database="eu"}',
  ])

  await first.app.close()
  t.ok(await second.database.leader.confirm())
  await second.database.round.settled()
  const samples = await second.scrape()
  t.equal(samples.get('business_things{database="eu"}'), 3)
  for (const [name, value] of [
    ['collector_success{database="eu",collector="things"}', 1],
    ['collection_errors_total{database="eu",collector="things"}', 0],
    ['collection_duration_seconds_count{database="eu",result="success"}', 1],
    ['collection_duration_seconds_count{database="eu",result="failure"}', 0],
    ['collection_skipped_ticks_total{database="eu"}', 0],
  ] as const) {
    t.equal(samples.get(name), value, name)
  }
})

t.test('a replica that does not lead still says whether an endpoint answers it', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const gate = await Gate.start(t, url)
  const env = { LEADER_ELECTION: 'true', METRICS_TICK_DURATION: '1s' }
  const first = await startService(t, { DATABASE_URL: url, ...env }, { collectors: [things], start: false })
  await first.database.ticker.start()
  await first.database.leader.confirm()
  const other = await startService(
    t,
    { DATABASE_URL: urlOf(url, [gate]), ...env },
    { collectors: [things], start: false },
  )
  await other.database.ticker.start()
  await other.database.leader.confirm()
  const up = async () => (await other.scrape()).get(`database_up{endpoint="${gate.endpoint}"}`)
  t.equal(await up(), 1)
  // Its own ticks find out.
  await gate.down()
  await poll(up, (up) => up === 0)
  await gate.up()
  await poll(up, (up) => up === 1)
  t.equal((await other.scrape()).get('collection_leader'), 0)
})
