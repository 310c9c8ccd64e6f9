import t from 'tap'
import { openGuarded } from '../../../plugins/db/socket.ts'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import { describeError } from '../../../src/finding.ts'
import { certificate } from '../../certificate.ts'
import { createSecuredServer } from '../../faults/secured-server.ts'
import { client } from '../../faults/server.ts'
import { lacks } from '../../program.ts'

/** What SASLprep maps, composes, leaves alone or forbids, and what needs an escape in a URL or in SQL. */
const PASSWORDS = [
  'plain',
  ' blanks around ',
  '@/:?#[]%&=+$,;!*()',
  'quote \' and \\ and "',
  'pass\u00a0word',
  'ab\u00adcd',
  '1\u00aa',
  'cafe\u0301',
  'caf\u00e9',
  '\u2163',
  'o\ufb03ce',
  '\uff21\uff22\uff23',
  '\u5bc6\u7801',
  '\ud83d\udc18',
  'a\u0007b',
  '\u0627\u0031',
  'x'.repeat(500),
]

t.test(
  'a role that may log in does, with each kind of authentication',
  { skip: lacks('openssl', 'openssl') },
  async (t) => {
    const folder = t.testdir({})
    const own = certificate(folder, 'server', 'DNS:localhost')
    const postgres = await createSecuredServer(t, own, {
      rules: `host all /^scram_ all scram-sha-256
        host all /^md5_ all md5
        host all /^clear_ all password
        host all nobody all reject
        hostssl all only_tls all scram-sha-256
        hostnossl all only_plain all scram-sha-256
        host all only_tls,only_plain all reject
        host all all all trust\n`,
    })
    const sql = client(t, postgres.url)
    for (const [i, password] of PASSWORDS.entries()) {
      const literal = `'${password.replaceAll("'", "''")}'`
      for (const kind of ['scram', 'md5', 'clear']) {
        await sql.unsafe(`SET password_encryption = '${kind === 'md5' ? 'md5' : 'scram-sha-256'}';
        CREATE ROLE ${kind}_${i} LOGIN PASSWORD ${literal}`)
      }
    }
    for (const role of ['only_tls', 'only_plain'])
      await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`)
    await sql.end()

    /** What comes of a connection: 'in', or the error. */
    const connect = async (user: string, password: string, options: string) => {
      const { port } = postgres
      const text = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres?${options}`
      const url = parseDatabaseUrl(text)
      const [endpoint] = url.endpoints
      if (endpoint === undefined) throw new Error('there is no endpoint')
      try {
        const { guard } = await openGuarded(endpoint, url, AbortSignal.timeout(10_000))
        guard.destroy()
        return 'in'
      } catch (error) {
        return describeError(error)
      }
    }
    for (const [i, password] of PASSWORDS.entries()) {
      const named = JSON.stringify(password.slice(0, 20))
      for (const kind of ['scram', 'md5']) {
        t.equal(await connect(`${kind}_${i}`, password, 'sslmode=disable'), 'in', `${kind} ${named}`)
        t.equal(await connect(`${kind}_${i}`, password, 'sslmode=require'), 'in', `${kind} over TLS ${named}`)
      }
      t.equal(await connect(`clear_${i}`, password, 'sslmode=require'), 'in', `in clear over TLS ${named}`)
    }
    for (const kind of ['scram', 'md5', 'clear']) {
      t.match(
        await connect(`${kind}_0`, 'wrong', 'sslmode=require'),
        /password authentication failed for user/,
      )
    }
    t.match(
      await connect('clear_0', 'plain', 'sslmode=disable'),
      /asks for the password in clear — encrypt the connection/,
    )
    t.equal(await connect('postgres', '', 'sslmode=disable'), 'in', 'without a password')
    t.match(await connect('nobody', 'x', 'sslmode=disable'), /pg_hba.conf rejects connection/)

    // Where the password goes only one way, allow and prefer find it; a wrong one is not tried again in another.
    for (const mode of ['allow', 'prefer']) {
      t.equal(await connect('only_tls', 'plain', `sslmode=${mode}`), 'in', `${mode} finds TLS`)
      t.equal(
        await connect('only_plain', 'plain', `sslmode=${mode}`),
        'in',
        `${mode} finds the way without TLS`,
      )
    }
    t.match(await connect('only_plain', 'plain', 'sslmode=require'), /pg_hba.conf rejects .* SSL encryption/)
    t.match(await connect('only_tls', 'plain', 'sslmode=disable'), /pg_hba.conf rejects .* no encryption/)
    t.match(await connect('only_tls', 'wrong', 'sslmode=prefer'), /password authentication failed/)

    t.equal(await connect('scram_0', 'plain', 'sslmode=require&channel_binding=require'), 'in')
    t.equal(await connect('scram_0', 'plain', 'sslmode=require&channel_binding=disable'), 'in')
    for (const [user, mode] of [
      ['scram_0', 'disable'],
      ['md5_0', 'require'],
      ['postgres', 'require'],
    ] as const) {
      t.match(
        await connect(user, 'plain', `sslmode=${mode}&channel_binding=require`),
        /does not bind the password to the TLS connection/,
        `${user} with sslmode=${mode}`,
      )
    }

    t.equal(await connect('scram_0', 'plain', 'require_auth=scram-sha-256'), 'in')
    t.equal(await connect('clear_0', 'plain', 'sslmode=disable&require_auth=password'), 'in')
    t.match(await connect('md5_0', 'plain', 'require_auth=scram-sha-256'), /MD5 hash .* does not allow it/)
    t.match(await connect('scram_0', 'plain', 'require_auth=!scram-sha-256'), /asks for SCRAM/)
    t.match(
      await connect('postgres', 'x', 'require_auth=scram-sha-256'),
      /lets the client in without a proof/,
    )
  },
)
