import { join } from 'node:path'
import t from 'tap'
import { type DatabaseUrl, parseDatabaseUrl } from '../../../src/config/database-url.ts'
import { parseDatabases } from '../../../src/config/databases.ts'
import { ConfigError, type Environment, readConfig } from '../../../src/config/read.ts'
import { encryptionsOf } from '../../../src/config/tls-options.ts'
import { describeError } from '../../../src/finding.ts'

/** Connection string, with libpq's variables beside it → parts of what it comes to. */
const strings: [what: string, text: string, variables: Record<string, string>, parts: object][] = [
  [
    'as Neon gives it',
    'postgresql://neondb_owner:npg_x@ep-cool-123-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require',
    {},
    { sslMode: 'require', channelBinding: 'require', database: 'neondb', ignored: [] },
  ],
  [
    'as Neon gives it to clients without SNI',
    'postgresql://u:p@h/d?options=endpoint%3Dep-cool-123',
    {},
    { sessionOptions: 'endpoint=ep-cool-123', searchPath: '"$user", public' },
  ],
  [
    'as Supabase and Prisma give it',
    'postgres://postgres.abc:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true&schema=public&connection_limit=1',
    {},
    { user: 'postgres.abc', ignored: ['pgbouncer', 'connection_limit', 'schema'] },
  ],
  [
    'of CockroachDB',
    'postgresql://u:p@h:26257/d?sslmode=verify-full&options=--cluster%3Dfunny-cat-1',
    {},
    { sslMode: 'verify-full', sessionOptions: '--cluster=funny-cat-1' },
  ],
  [
    'with the client certificate of Cloud SQL',
    'postgres://u@h/d?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&sslpassword=x',
    {},
    { sslRootCert: '/ca.pem', sslCert: '/c.pem', sslKey: '/k.pem', sslPassword: 'x' },
  ],
  ['of JDBC', 'postgres://u@h/d?ssl=true', {}, { sslMode: 'require' }],
  [
    'with the folder of a socket as host=',
    'postgresql:///app?host=/var/run/postgresql&user=me',
    {},
    { endpoints: [{ host: '/var/run/postgresql', port: 5432 }], user: 'me', database: 'app' },
  ],
  [
    'with everything in its query',
    'postgres://?host=h1,h2&hostaddr=10.0.0.1,10.0.0.2&port=5433,&user=u&password=a%26b+c&dbname=d',
    {},
    {
      endpoints: [
        { name: 'h1:5433', host: 'h1', address: '10.0.0.1', port: 5433 },
        { name: 'h2:5432', host: 'h2', address: '10.0.0.2', port: 5432 },
      ],
      password: { from: 'text', text: 'a&b+c' },
      database: 'd',
    },
  ],
  [
    'with one port for all hosts',
    'postgres://u@h1,h2/d?port=6000',
    {},
    { endpoints: [{ port: 6000 }, { port: 6000 }] },
  ],
  [
    'with an address alone',
    'postgres://u@/d?hostaddr=::1',
    {},
    { endpoints: [{ name: '[::1]:5432', address: '::1' }] },
  ],
  [
    'with the zone of an address',
    'postgres://u@[fe80::1%25eth0]/d',
    {},
    { endpoints: [{ host: 'fe80::1%eth0' }] },
  ],
  ['with a connect_timeout of 0', 'postgres://u@h?connect_timeout=0', {}, { connectTimeout: 5000 }],
  ['with a negative connect_timeout', 'postgres://u@h?connect_timeout=-1', {}, { connectTimeout: 5000 }],
  [
    'with the certificates of the system',
    'postgres://u@h?sslrootcert=system',
    {},
    { sslMode: 'verify-full' },
  ],
  [
    'with direct TLS',
    'postgres://u@h?sslnegotiation=direct&sslmode=require',
    {},
    { sslNegotiation: 'direct' },
  ],
  [
    'without its certificate',
    'postgres://u@h?sslcert=a&sslkey=b&sslcertmode=disable',
    {},
    { sslCert: undefined },
  ],
  [
    'with versions of TLS',
    'postgres://u@h?ssl_max_protocol_version=tlsv1.3',
    {},
    { sslMaxProtocolVersion: 'TLSv1.3' },
  ],
  ['without SNI', 'postgres://u@h?sslsni=0&sslcrl=/crl', {}, { sslSni: false, sslCrl: '/crl' }],
  [
    'with a name of the application',
    'postgres://u@h?application_name=reports',
    {},
    { applicationName: 'reports' },
  ],
  [
    'with a password file',
    'postgres://u@h?passfile=/pw',
    {},
    { password: { from: 'passfile', path: '/pw' } },
  ],
  [
    'with an allowed method',
    'postgres://u@h?require_auth=scram-sha-256',
    {},
    { requireAuth: new Set(['scram-sha-256']) },
  ],
  [
    'with methods that are not allowed',
    'postgres://u@h?require_auth=!password,!none',
    {},
    { requireAuth: new Set(['md5', 'gss', 'sspi', 'scram-sha-256', 'oauth']) },
  ],
  [
    'with settings of the session',
    String.raw`postgres://u@h?options=-c%20work_mem=64MB%20-csearch_path=a\%20b%20--jit=off`,
    {},
    { searchPath: 'a b', sessionOptions: '-c work_mem=64MB --jit=off' },
  ],
  [
    'of keywords',
    String.raw`host=h1,h2 port = 5433 user='it\'s' password='a b\\c' dbname=d`,
    {},
    { endpoints: [{ port: 5433 }, {}], user: "it's", password: { text: String.raw`a b\c` }, database: 'd' },
  ],
  [
    'that leaves all to variables',
    'postgres://',
    { PGHOST: 'h1,h2', PGPORT: '6000', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd', PGSSLMODE: 'require' },
    {
      endpoints: [{ name: 'h1:6000' }, { name: 'h2:6000' }],
      user: 'u',
      password: { from: 'text', text: 'p' },
      database: 'd',
      sslMode: 'require',
    },
  ],
  [
    'before variables',
    'postgres://u:p@h:1/d?target_session_attrs=any&sslmode=disable',
    {
      PGHOST: 'x',
      PGPORT: '2',
      PGUSER: 'x',
      PGPASSWORD: 'x',
      PGDATABASE: 'x',
      PGSSLMODE: 'allow',
      PGTARGETSESSIONATTRS: 'primary',
    },
    {
      endpoints: [{ name: 'h:1' }],
      user: 'u',
      password: { text: 'p' },
      database: 'd',
      sessionAttrs: 'any',
      sslMode: 'disable',
    },
  ],
  [
    'beside a variable that changes nothing',
    'postgres://u@h',
    { PGGSSENCMODE: 'prefer' },
    { ignored: ['PGGSSENCMODE'] },
  ],
  ['beside PGPASSFILE', 'postgres://u@h', { PGPASSFILE: '/pw' }, { password: { path: '/pw' } }],
]
for (const [what, text, variables, parts] of strings) {
  t.test(`a connection string ${what} is read as by libpq`, async (t) => {
    t.match(parseDatabaseUrl(text, { variables }), parts)
  })
}

t.test('the wrong value of a variable is refused, naming the variable', async (t) => {
  const error = t.throws(() => parseDatabaseUrl('postgres://u@h', { variables: { PGSSLMODE: 'hush' } }))
  t.match(describeError(error), /wrong value of PGSSLMODE .*verify-full/)
  t.notMatch(describeError(error), 'hush')
  const service = t.throws(() => parseDatabaseUrl('postgres://u@h', { variables: { PGSERVICE: 'hush' } }))
  t.match(describeError(service), /has PGSERVICE, which is not supported/)
})

for (const [mode, tries] of [
  ['disable', ['plain']],
  ['allow', ['plain', 'encrypted']],
  ['prefer', ['encrypted', 'plain']],
  ['require', ['encrypted']],
  ['verify-full', ['encrypted']],
] as const) {
  t.test(`sslmode=${mode} is ${tries.join(', then ')}`, async (t) => {
    const url = parseDatabaseUrl(`postgres://u@h,%2Frun/d?sslmode=${mode}`)
    t.strictSame(
      url.endpoints.map((endpoint) => encryptionsOf(url, endpoint)),
      [tries, ['plain']],
      'and a Unix socket is plain',
    )
  })
}

function read(environment: Environment, readFile: (path: string) => string = () => 'hush'): DatabaseUrl[] {
  return readConfig(environment, readFile).databases.map(({ url }) => url)
}

function problemsOf(environment: Environment): string {
  try {
    read(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

t.test('DATABASE_URL may be left out where PGHOST is set', async (t) => {
  t.match(read({ PGHOST: 'h', PGUSER: 'u' }), [{ endpoints: [{ name: 'h:5432' }], user: 'u' }])
  t.match(problemsOf({ PGHOST: 'h' }), /what PGHOST begins has no user.*DATABASE_USER/)
})

for (const [name, value, source] of [
  ['DATABASE_PASSWORD', 'a@/?#% b', { from: 'text', text: 'a@/?#% b' }],
  ['DATABASE_PASSWORD_FILE', '/pw', { from: 'file', variable: 'DATABASE_PASSWORD_FILE', path: '/pw' }],
  [
    'DATABASE_PASSWORD_COMMAND',
    'x y',
    { from: 'command', variable: 'DATABASE_PASSWORD_COMMAND', command: 'x y' },
  ],
] as const) {
  t.test(`DATABASE_USER and ${name} stand beside a URL without them, before libpq's variables`, async (t) => {
    const given = { DATABASE_USER: 'me', [name]: value, PGUSER: 'x', PGPASSWORD: 'x' }
    t.match(read({ DATABASE_URL: 'postgres://h/shop', ...given }), [{ user: 'me', password: source }])
  })
  t.test(`${name} beside a URL with a password is refused`, async (t) => {
    const problems = problemsOf({ DATABASE_URL: 'postgres://u:hush@h/shop', [name]: value })
    t.match(problems, /DATABASE_URL has a password, and DATABASE_PASSWORD or .* is set/)
    t.notMatch(problems, /hush|a@/)
  })
}

t.test('each of several databases may have its own, in variables with its name', async (t) => {
  const urls = read({
    DATABASE_URL: 'eu-west=postgres://h1/shop us=postgres://h2/shop ap=postgres://u:p@h3/shop',
    DATABASE_USER: 'all',
    DATABASE_PASSWORD: 'hush',
    DATABASE_EU_WEST_USER: 'europe',
    DATABASE_EU_WEST_PASSWORD_FILE: '/eu',
    DATABASE_EUU_PASSWORD: 'hush',
  })
  t.match(urls, [
    { user: 'europe', password: { from: 'file', variable: 'DATABASE_EU_WEST_PASSWORD_FILE', path: '/eu' } },
    { user: 'all', password: { text: 'hush' } },
    { user: 'u', password: { text: 'p' } },
  ])
  t.strictSame(urls[0]?.ignored, ['DATABASE_EUU_PASSWORD'], 'what is for no database is said')
})

t.test('two ways to a password at once are refused', async (t) => {
  const problems = problemsOf({
    DATABASE_URL: 'postgres://u@h',
    DATABASE_PASSWORD: 'hush',
    DATABASE_PASSWORD_FILE: '/a',
  })
  t.match(problems, /several passwords beside it.*set one of them/)
  t.notMatch(problems, 'hush')
})

t.test('a password file that cannot be read is said at the start, with its variable', async (t) => {
  const path = join(t.testdir({}), 'password')
  const environment = { DATABASE_URL: 'postgres://u@h', DATABASE_PASSWORD_FILE: path }
  t.throws(
    () =>
      read(environment, () => {
        throw new Error('ENOENT')
      }),
    { message: `DATABASE_PASSWORD_FILE is "${path}", which cannot be read: ENOENT` },
  )
})

t.test('a file that holds an assignment is not a database with the name of the variable', async (t) => {
  const readFile = () => 'DATABASE_URL=postgres://u:hush@h/shop\n'
  const error = t.throws(() => read({ DATABASE_URL_FILE: '/url' }, readFile))
  t.match(String(error), /DATABASE_URL begins with the name of a variable and a = .*write the URL alone/)
  t.notMatch(String(error), 'hush')
})

t.test('a URL from a file knows the file and its own name there', async (t) => {
  const text = 'eu=postgres://u:p@h1/shop us=postgres://u:p@h2/shop'
  const urls = read({ DATABASE_URL_FILE: '/url' }, () => text)
  t.strictSame(
    urls.map(({ file }) => file),
    [
      { path: '/url', name: 'eu' },
      { path: '/url', name: 'us' },
    ],
  )
  t.strictSame(parseDatabases(text)[0]?.url.file, undefined)
})
