import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openGuarded } from '../../../plugins/db/socket.ts'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import { describeError } from '../../../src/finding.ts'
import { certificate } from '../../certificate.ts'
import { createSecuredServer } from '../../faults/secured-server.ts'
import { client } from '../../faults/server.ts'
import { lacks } from '../../program.ts'

const PASSWORD = 'p@ss:w/rd?#[]% &=+'

t.test(
  'a connection string as a console gives it leads to a session',
  { skip: lacks('openssl', 'openssl') },
  async (t) => {
    const folder = t.testdir({})
    // The name of a socket may have a hundred characters.
    const sockets = mkdtempSync(join(tmpdir(), 'metrics-service-socket-'))
    chmodSync(sockets, 0o777)
    t.teardown(() => rmSync(sockets, { recursive: true, force: true }))
    const own = certificate(folder, 'server', 'DNS:localhost')
    const rules = `local all shop scram-sha-256
    hostssl all shop all scram-sha-256
    host all postgres all trust\n`
    const flags = ['-c', 'listen_addresses=127.0.0.1,::1', '-c', `unix_socket_directories=${sockets}`]
    const { url, port } = await createSecuredServer(t, own, { rules }, flags)
    const sql = client(t, url)
    await sql.unsafe(`CREATE ROLE shop LOGIN PASSWORD '${PASSWORD}'`)
    await sql`CREATE DATABASE shop OWNER shop`
    await sql.end()

    const secret = encodeURIComponent(PASSWORD)
    const at = `postgresql://shop:${secret}@localhost:${port}/shop`
    const strings: Record<string, string> = {
      'with channel binding': `${at}?sslmode=require&channel_binding=require`,
      'with a certificate to trust': `${at}?sslmode=verify-full&sslrootcert=${own.cert}`,
      'of a pooler': `${at}?pgbouncer=true&connection_limit=1&pool_timeout=0`,
      'of an ORM': `${at}?schema=public&sslmode=prefer`,
      'with options': `${at}?options=-c%20search_path%3Dtenant1&application_name=shop`,
      'with the user and the password behind the question mark': `postgresql:///shop?host=localhost&port=${port}&user=shop&password=${secret}`,
      'in keywords and values': `host=localhost port=${port} dbname=shop user=shop password='${PASSWORD.replaceAll("'", "\\'")}' sslmode=require`,
      'of a socket': `postgresql:///shop?host=${sockets}&port=${port}&user=shop&password=${secret}`,
      'of a socket, in the place of a host': `postgresql://shop:${secret}@${encodeURIComponent(sockets)}:${port}/shop`,
      'with an address of IPv6': `postgresql://shop:${secret}@[::1]:${port}/shop?sslmode=require`,
      'with an address beside the name': `${at}?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=${own.cert}`,
      'with two hosts': `postgresql://shop:${secret}@localhost:${port},127.0.0.1:${port}/shop?target_session_attrs=any`,
    }
    for (const [what, text] of Object.entries(strings)) {
      const parsed = parseDatabaseUrl(text)
      for (const endpoint of parsed.endpoints) {
        try {
          const { guard } = await openGuarded(endpoint, parsed, AbortSignal.timeout(10_000))
          guard.destroy()
          t.pass(what)
        } catch (error) {
          t.fail(`${what}: ${describeError(error)}`)
        }
      }
    }
  },
)
