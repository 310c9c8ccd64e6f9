import t from 'tap'
import { createDatabase } from '../database.ts'
import { FAULTS, Gate, STAGES, urlOf } from '../gate.ts'
import { rounds } from '../scrape.ts'
import { fill, VALUE } from './server.ts'
import { COLLECTORS, watch } from './watch.ts'

t.jobs = 3

const titles = {
  stall: 'holds everything back',
  'half-close': 'closes one half',
  reset: 'resets',
  trickle: 'lets a byte a second through',
}
const stages = {
  now: 'between rounds',
  connect: 'at connect',
  authentication: 'at authentication',
  result: 'in mid-result',
}

for (const fault of FAULTS) {
  for (const stage of STAGES) {
    t.test(`a network that ${titles[fault]} ${stages[stage]} is outlived`, { buffered: true }, async (t) => {
      const { url, sql } = await createDatabase(t)
      await fill(sql)
      // There are enough providers for the answer to the collector of connections to take many packets.
      await sql`
        INSERT INTO connections (project_id, provider, group_ref, consumer_ref, auth_scheme)
        SELECT id, 'provider ' || i, 'g', 'c', 'none' FROM projects, generate_series(1, 20000) AS i`
      const gate = await Gate.start(t, url)
      const env = { DATABASE_URL: urlOf(url, [gate], '?connect_timeout=1') }
      const watched = await watch(t, env, { monitor: url, database: new URL(url).pathname.slice(1) })
      await watched.until((samples) => rounds(samples, 'success') > 1)

      gate.break(fault, stage)
      // The connection that the large result comes on is all that is struck in mid-result.
      await watched.failing(stage === 'result' ? ['connections'] : COLLECTORS)
      const up = `database_up{endpoint="${gate.endpoint}"}`
      // Connections that were past the stage are gone, and it may take a round more until a new one meets the fault.
      const during = await watched.until(
        (samples) => gate.struck > 0 && samples.get(up) === (stage === 'result' ? 1 : 0),
      )
      t.equal(during.get(VALUE), 1, 'the value stays')
      t.equal(during.get('business_connections{provider="other",status="created"}'), 19_800)

      gate.repair()
      const after = await watched.recovered()
      t.equal(after.get(up), 1)
      t.ok(gate.most <= 3, `there were ${gate.most} connections at most`)
      await watched.end()
    })
  }
}

t.test('a server that closes the connection at connect is not waited for', { buffered: true }, async (t) => {
  const { url, sql } = await createDatabase(t)
  await fill(sql)
  const gate = await Gate.start(t, url)
  // A test that waited for this to pass would run into the time limit of the test.
  const env = { DATABASE_URL: urlOf(url, [gate], '?connect_timeout=600') }
  const watched = await watch(t, env, { monitor: url, database: new URL(url).pathname.slice(1) })
  await watched.until((samples) => rounds(samples, 'success') > 0)
  gate.break('half-close', 'connect')
  await watched.failing()
  gate.repair()
  await watched.recovered()
  await watched.end()
  t.match(watched.service.output(), 'the server closed the connection')
})
