import t from 'tap'
import type { Postgres } from '../../../demo/postgres.ts'
import { defineCollector, gauge } from '../../../src/collector.ts'
import { isFit, SESSION_ATTRS } from '../../../src/config/session-attrs.ts'
import { startBalancer } from '../../faults/balancer.ts'
import { createServer } from '../../faults/server.ts'
import { createStandby } from '../../faults/standby.ts'
import { startService } from '../../service.ts'

const where = defineCollector({
  name: 'where',
  metrics: { business_port: gauge('The port of the server.') },
  query: (sql) => sql`SELECT inet_server_port() AS business_port`,
})

const KINDS = ['primary', 'standby'] as const
const ofRole = KINDS.map((role) =>
  defineCollector({
    name: role,
    metrics: { [`business_${role}`]: gauge('Whether the server is in recovery.') },
    role,
    // On the other kind it would show another value.
    query: (sql) => sql`SELECT pg_is_in_recovery()::int AS ${sql(`business_${role}`)}`,
  }),
)

t.test('an address that leads to another server is followed within two rounds', async (t) => {
  const primary = await createServer(t)
  const standby = await createStandby(t, primary)
  let target: Postgres = standby
  const port = await startBalancer(t, () => target.port)
  const url = primary.url.replace(`:${primary.port}`, `:${port}`)

  for (const attrs of SESSION_ATTRS) {
    await t.test(`with target_session_attrs=${attrs}`, async (t) => {
      target = standby
      const env = { DATABASE_URL: `${url}?target_session_attrs=${attrs}` }
      const service = await startService(t, env, { collectors: [where], start: false })
      const { db, collectors } = service.database
      const signal = new AbortController().signal
      void service.database.ticker.start()
      for (const next of [standby, primary, standby, primary]) {
        target = next
        for (let i = 0; i < 2; i++) {
          await service.round()
          await db.vote(signal)
        }
        await service.round()
        const fit = isFit({ inRecovery: next === standby, readOnly: false }, attrs)
        const error = collectors.list[0]?.error?.message
        if (fit) {
          t.equal(error, undefined)
          t.equal((await service.scrape()).get('business_port'), next.port, 'it reads the other server')
        } else {
          t.match(error, `it is not ${attrs}, as target_session_attrs asks`)
        }
      }
    })
  }

  await t.test('a collector with a role runs on this kind alone, and on the other it says so', async (t) => {
    target = standby
    const service = await startService(t, { DATABASE_URL: url }, { collectors: ofRole, start: false })
    const { db, collectors } = service.database
    void service.database.ticker.start()
    for (const next of [standby, primary, standby]) {
      target = next
      for (let i = 0; i < 2; i++) {
        await service.round()
        await db.vote(new AbortController().signal)
      }
      await service.round()
      const own = next === standby ? 'standby' : 'primary'
      const samples = await service.scrape()
      for (const role of KINDS) {
        const why = `it is for a ${role}, and the server is a ${own}`
        const status = collectors.list.find(({ collector }) => collector.name === role)
        t.equal(status?.error, undefined)
        t.equal(status?.idle, role === own ? undefined : why)
        t.equal(samples.get(`collector_success{collector="${role}"}`), 1)
        const value = role === 'standby' ? 1 : 0
        t.equal(samples.get(`business_${role}`), role === own ? value : undefined)
        const said = service.log.filter(({ msg, collector }) => collector === role && /runs? here/.test(msg))
        // Nothing is said of one that runs from the beginning.
        const last = said.at(-1)?.msg ?? 'collector runs here'
        t.equal(last, role === own ? 'collector runs here' : `collector does not run here: ${why}`)
      }
    }
  })
})
