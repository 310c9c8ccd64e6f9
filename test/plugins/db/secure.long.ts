import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Postgres, startPostgres } from '../../../demo/postgres.ts'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import { describeError } from '../../../src/finding.ts'
import { certificate } from '../../certificate.ts'
import { giveFile } from '../../faults/secured-server.ts'
import { lacks } from '../../program.ts'
import { startService } from '../../service.ts'

const encryption = defineCollector({
  name: 'encryption',
  labels: { version: open(5) },
  metrics: { business_encrypted: gauge('Whether this connection is encrypted.') },
  query: (sql) => sql`
    SELECT coalesce(version, 'none') AS version, ssl::int AS business_encrypted
      FROM pg_stat_ssl
     WHERE pid = pg_backend_pid()`,
})

t.test('sslmode does as libpq does', { skip: lacks('openssl', 'openssl') }, async (t) => {
  const folder = t.testdir({})
  certificate(folder, 'authority', 'DNS:authority')
  certificate(folder, 'stranger', 'DNS:stranger')
  const own = certificate(folder, 'server', 'DNS:localhost', 'authority')
  const postgres: Postgres = await startPostgres()
  t.teardown(() => postgres.destroy())
  const give = (name: string, from: string) => giveFile(postgres, name, readFileSync(from))
  give('server.key', own.key)
  give('server.crt', own.cert)

  let expires: number | undefined
  /** The version of TLS that a collector ran over, or the error that kept it from running. */
  const connect = async (host: string, options: string) => {
    const url = `${postgres.url.replace('127.0.0.1', host)}?${options}`
    const service = await startService(
      t,
      { DATABASE_URL: url, DATABASE_WAIT_TIMEOUT: '1ms' },
      { collectors: [encryption], start: false },
    )
    try {
      await service.database.ticker.start()
      await service.database.round.settled()
      const samples = [...(await service.scrape())]
      expires = samples.find(([name]) =>
        name.startsWith('tls_certificate_expiry_timestamp_seconds{owner="database",endpoint="'),
      )?.[1]
      const [name] = samples.find(([name]) => name.startsWith('business_encrypted')) ?? []
      return /version="(.*)"/.exec(name ?? '')?.[1]
    } catch (error) {
      return describeError(error)
    } finally {
      await service.app.close()
    }
  }
  const root = `sslrootcert=${join(folder, 'authority.crt')}`
  const stranger = `sslrootcert=${join(folder, 'stranger.crt')}`

  t.equal(await connect('localhost', 'sslmode=prefer'), 'none')
  t.match(
    await connect('localhost', 'sslmode=require'),
    /the server has no TLS, and sslmode=require asks for it/,
  )
  t.match(await connect('localhost', `sslmode=verify-full&${root}`), /the server has no TLS/)

  writeFileSync(join(postgres.dir, 'postgresql.auto.conf'), 'ssl = on\n')
  await postgres.stop()
  await postgres.start()
  t.equal(await connect('localhost', 'sslmode=disable'), 'none')
  t.equal(expires, undefined, 'without TLS no certificate is seen')
  t.equal(await connect('localhost', 'sslmode=prefer'), 'TLSv1.3')
  t.equal(await connect('localhost', 'sslmode=require'), 'TLSv1.3')
  t.equal(expires, Date.parse(new X509Certificate(readFileSync(own.cert)).validTo) / 1000)
  t.equal(await connect('localhost', `sslmode=require&${root}`), 'TLSv1.3')
  t.match(await connect('localhost', `sslmode=require&${stranger}`), /certificate/)
  t.match(await connect('localhost', 'sslmode=verify-full'), /certificate/, 'Node.js does not trust it')
  t.equal(await connect('127.0.0.1', `sslmode=verify-ca&${root}`), 'TLSv1.3', 'the name does not matter')
  t.match(await connect('localhost', `sslmode=verify-ca&${stranger}`), /certificate/)
  t.equal(await connect('localhost', `sslmode=verify-full&${root}`), 'TLSv1.3')
  t.match(
    await connect('127.0.0.1', `sslmode=verify-full&${root}`),
    /certificate of the server is for another host: "127\.0\.0\.1" is not in DNS:localhost/,
  )
  t.match(
    await connect('localhost', 'sslmode=verify-full&sslrootcert=/nowhere'),
    /sslrootcert is "\/nowhere".*ENOENT/,
  )
  t.match(await connect('localhost', `sslmode=verify-full&${stranger}`), /not trusted: .* sslrootcert=FILE/)
  t.equal(await connect('localhost', `sslmode=verify-full&sslnegotiation=direct&${root}`), 'TLSv1.3')
  t.equal(await connect('localhost', 'sslmode=require&ssl_max_protocol_version=TLSv1.2'), 'TLSv1.2')

  // Whoever has no certificate is not let in.
  const client = certificate(folder, 'postgres', 'DNS:postgres', 'authority')
  const other = certificate(folder, 'other', 'DNS:other', 'authority')
  execFileSync(
    'openssl',
    ['ec', '-aes256', '-passout', 'pass:hush', '-in', client.key, '-out', `${client.key}.locked`],
    {
      stdio: 'pipe',
    },
  )
  writeFileSync(join(postgres.dir, 'pg_hba.conf'), 'hostssl all all all cert\n')
  give('root.crt', join(folder, 'authority.crt'))
  writeFileSync(join(postgres.dir, 'postgresql.auto.conf'), "ssl = on\nssl_ca_file = 'root.crt'\n")
  await postgres.stop()
  await postgres.start()
  const as = ({ key, cert }: typeof client) => `sslmode=verify-full&${root}&sslcert=${cert}&sslkey=${key}`
  t.equal(await connect('localhost', as(client)), 'TLSv1.3')
  t.match(await connect('localhost', `sslmode=verify-full&${root}`), /valid client certificate/)
  t.match(await connect('localhost', as(other)), /certificate authentication failed/)
  t.match(await connect('localhost', `${as(client)}&sslcertmode=disable`), /valid client certificate/)
  const locked = as({ ...client, key: `${client.key}.locked` })
  t.equal(await connect('localhost', `${locked}&sslpassword=hush`), 'TLSv1.3')
  t.match(await connect('localhost', locked), /sslcert and sslkey cannot be used together.*sslpassword/)
  t.match(
    await connect('localhost', as({ cert: client.cert, key: other.key })),
    /sslcert and sslkey cannot be used together/,
  )
})
