import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { certificate } from '../certificate.ts'
import { MOST_MEMORY, unharmed } from '../faults/process.ts'
import { scrapeOn, served } from '../faults/scraper.ts'
import { createSecuredServer } from '../faults/secured-server.ts'
import { client, createTables, fill, VALUE } from '../faults/server.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { rounds, scrape, until } from '../scrape.ts'

const title = 'a password and certificates are renewed ten times, without a restart or a failed scrape'

t.test(title, { skip: lacks('openssl', 'openssl') }, async (t) => {
  const folder = t.testdir({ password: 'secret-0' })
  const { cert: authority } = certificate(folder, 'authority', 'DNS:authority')
  const renewServer = () => certificate(folder, 'server', 'DNS:localhost', 'authority')
  const renewClient = () => certificate(folder, 'metrics', 'DNS:metrics', 'authority')
  const own = renewClient()
  const postgres = await createSecuredServer(t, renewServer(), {
    rules: `hostssl all metrics all scram-sha-256 clientcert=verify-full
      host all postgres all trust\n`,
    settings: ["ssl_ca_file = 'authority.crt'"],
    files: { 'authority.crt': readFileSync(authority) },
  })
  const sql = client(t, postgres.url)
  await createTables(sql)
  await fill(sql)
  await sql.unsafe(`CREATE ROLE metrics LOGIN PASSWORD 'secret-0'; GRANT pg_read_all_data TO metrics`)

  const options = `sslmode=verify-full&sslrootcert=${authority}&sslcert=${own.cert}&sslkey=${own.key}`
  const service = await spawnService(t, {
    DATABASE_URL: `postgres://metrics@localhost:${postgres.port}/postgres?${options}`,
    DATABASE_PASSWORD_FILE: join(folder, 'password'),
    METRICS_TICK_DURATION: '1s',
  })
  await service.said('metrics on')
  const scrapes = await scrapeOn(t, service)
  await until(service, (samples) => rounds(samples, 'success') > 1)

  for (let renewal = 1; renewal <= 10; renewal++) {
    const before = await scrape(service)
    writeFileSync(join(folder, 'password'), `secret-${renewal}`)
    await sql.unsafe(`ALTER ROLE metrics PASSWORD 'secret-${renewal}'`)
    const { key, cert } = renewServer()
    postgres.put('server.key', readFileSync(key))
    postgres.put('server.crt', readFileSync(cert))
    renewClient()
    await sql`SELECT pg_reload_conf()`
    await sql`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'metrics'`
    const after = await until(
      service,
      (samples) => rounds(samples, 'success') > rounds(before, 'success') + 1,
    )
    const failed = rounds(after, 'failure') - rounds(before, 'failure')
    t.ok(failed <= 1, `renewal ${renewal}: ${failed} rounds failed while files and server differed`)
    t.equal(after.get(VALUE), 1)
  }
  served(t, await scrapes())
  unharmed(t, service, MOST_MEMORY)
  t.notOk(service.output().includes('secret-'), 'no password is told')
})
