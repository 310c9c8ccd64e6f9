import fc from 'fast-check'
import t from 'tap'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import { parseDatabases } from '../../../src/config/databases.ts'
import { isFit, SESSION_ATTRS } from '../../../src/config/session-attrs.ts'
import { describeError } from '../../../src/finding.ts'

function problemWith(url: string): string {
  try {
    parseDatabaseUrl(url)
  } catch (error) {
    return describeError(error)
  }
  return ''
}

/** The password that a URL has. */
function passwordOf(url: string): string | undefined {
  const { password } = parseDatabaseUrl(url)
  return password.from === 'text' ? password.text : undefined
}

t.test('a URL with one host is one endpoint', async (t) => {
  t.strictSame(parseDatabaseUrl('postgres://u:p@db.example:6432/shop').endpoints, [
    { name: 'db.example:6432', host: 'db.example', address: undefined, port: 6432 },
  ])
})

t.test('a URL may list several hosts, each with its port', async (t) => {
  const { endpoints } = parseDatabaseUrl('postgres://u:p@h1:5433,h2:5434,h3:5435/shop')
  t.strictSame(
    endpoints.map(({ host, port }) => [host, port]),
    [
      ['h1', 5433],
      ['h2', 5434],
      ['h3', 5435],
    ],
  )
})

t.test('a host without a port has the port of PostgreSQL', async (t) => {
  const { endpoints } = parseDatabaseUrl('postgres://u:p@h1,h2:5434,h3/shop')
  t.strictSame(
    endpoints.map(({ name }) => name),
    ['h1:5432', 'h2:5434', 'h3:5432'],
  )
})

t.test('an endpoint is named without credentials', async (t) => {
  const names = parseDatabaseUrl('postgres://walter:hush@h1,h2/shop').endpoints.map(({ name }) => name)
  t.notMatch(names.join(), /walter|hush/)
})

t.test('without a host the endpoint is this machine', async (t) => {
  t.match(parseDatabaseUrl('postgres://u:p@/shop').endpoints, [{ host: 'localhost', port: 5432 }])
})

t.test('an IPv6 address is written in brackets, with a port or without', async (t) => {
  const { endpoints } = parseDatabaseUrl('postgres://u:p@[2001:db8::1]:5433,[::1]/shop')
  t.strictSame(endpoints, [
    { name: '[2001:db8::1]:5433', host: '2001:db8::1', address: undefined, port: 5433 },
    { name: '[::1]:5432', host: '::1', address: undefined, port: 5432 },
  ])
})

t.test('the folder of a Unix socket is a percent-encoded host', async (t) => {
  t.match(parseDatabaseUrl('postgres://u:p@%2Fvar%2Frun%2Fpostgresql/shop').endpoints, [
    { host: '/var/run/postgresql', port: 5432 },
  ])
})

t.test('the scheme may be postgresql', async (t) => {
  t.match(parseDatabaseUrl('postgresql://u:p@h/shop'), { user: 'u', database: 'shop' })
})

t.test('percent-encoded credentials come out as they were, whatever is in them', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: 'binary' }),
      (user, password) => {
        const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h/shop`
        const parsed = parseDatabaseUrl(url)
        return parsed.user === user && (password === '' || passwordOf(url) === password)
      },
    ),
  )
})

t.test('a plus sign in a password is a plus sign', async (t) => {
  t.equal(passwordOf('postgres://u:a+b@h/shop'), 'a+b')
})

t.test('a colon in a password needs no escape', async (t) => {
  t.equal(passwordOf('postgres://u:a:b@h/shop'), 'a:b')
})

t.test('the password may be left out', async (t) => {
  t.strictSame(parseDatabaseUrl('postgres://u@h/shop').password, { from: 'passfile', path: undefined })
})

t.test('a percent-encoded database name is decoded', async (t) => {
  t.equal(parseDatabaseUrl('postgres://u:p@h/my%20shop').database, 'my shop')
})

for (const url of [
  'postgres://walter:p@h',
  'postgres://walter:p@h/',
  'postgres://walter:p@h?sslmode=require',
]) {
  t.test(`in ${url} the database is the user's, as for libpq`, async (t) => {
    t.equal(parseDatabaseUrl(url).database, 'walter')
  })
}

t.test('without options a standby is preferred and encryption is tried', async (t) => {
  t.match(parseDatabaseUrl('postgres://u:p@h/shop'), { sessionAttrs: 'prefer-standby', sslMode: 'prefer' })
})

t.test('connect_timeout is in seconds, as for libpq', async (t) => {
  t.equal(parseDatabaseUrl('postgres://u:p@h/shop?connect_timeout=7').connectTimeout, 7000)
})

for (const [options, path] of [
  ['', '"$user", public'],
  ['?search_path=app,public', 'app,public'],
  ['?search_path=', ''],
  ['?options=-c%20search_path%3Dapp', 'app'],
  ['?options=-csearch_path=app', 'app'],
  ['?options=--search-path=app', 'app'],
  [
    `?options=${encodeURIComponent(String.raw`-c search_path="$user",\ app\\\\s`)}`,
    String.raw`"$user", app\\s`,
  ],
] as const) {
  t.test(`a URL with ${options || 'no options'} has the search_path ${path}`, async (t) => {
    t.equal(parseDatabaseUrl(`postgres://u:p@h/shop${options}`).searchPath, path)
  })
}

t.test('several options are read together', async (t) => {
  const url = 'postgres://u:p@h/shop?target_session_attrs=primary&sslmode=verify-full&connect_timeout=2'
  t.match(parseDatabaseUrl(url), { sessionAttrs: 'primary', sslMode: 'verify-full', connectTimeout: 2000 })
})

// Those of libpq: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
for (const attrs of ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby']) {
  t.test(`target_session_attrs takes ${attrs}`, async (t) => {
    const url = `postgres://u:p@h/shop?target_session_attrs=${attrs}`
    t.equal(String(parseDatabaseUrl(url).sessionAttrs), attrs)
  })
}

for (const mode of ['disable', 'prefer', 'require', 'verify-full']) {
  t.test(`sslmode takes ${mode}`, async (t) => {
    t.equal(String(parseDatabaseUrl(`postgres://u:p@h/shop?sslmode=${mode}`).sslMode), mode)
  })
}

/** Each with what its error must say. The password, where there is one, is "hush". */
const malformed: [what: string, url: string, says: RegExp][] = [
  ['an empty text', '', /not of the form postgres:\/\//],
  ['another scheme', 'mysql://u:hush@h/shop', /not of the form postgres:\/\//],
  ['no scheme', 'u:hush@h/shop', /not of the form postgres:\/\//],
  ['a keyword string without a user', 'host=h password=hush', /has no user/],
  ['a keyword string that breaks off', "host=h user=u password='hush", /option number 2 is not name=value/],
  ['an unknown keyword', 'host=h hush=hush', /not known, its option number 2/],
  ['two @', 'postgres://u:hush@hush@h/shop', /written as %40/],
  ['a # in the password', 'postgres://u:hush#hush@h/shop', /%23/],
  ['no user', 'postgres://h/shop', /no user/],
  ['an empty user', 'postgres://:hush@h/shop', /no user/],
  ['a lone % in the user', 'postgres://100%:hush@h/shop', /user .*%25/],
  ['a lone % in the password', 'postgres://u:hush%@h/shop', /password .*%25/],
  ['a lone % in the database', 'postgres://u:hush@h/100%', /database .*%25/],
  ['a lone % in a host', 'postgres://u:hush@h%/shop', /host .*%25/],
  ['a byte that is not UTF-8', 'postgres://u:hush%ff@h/shop', /password/],
  ['a port that is no number', 'postgres://u:hush@h:port/shop', /host number 1 is not host:port/],
  ['an empty port', 'postgres://u:hush@h:/shop', /host number 1 is not host:port/],
  ['the port 0', 'postgres://u:hush@h:0/shop', /host \(number 1\) whose port is wrong/],
  ['the port 65536', 'postgres://u:hush@h1,h2:65536/shop', /host \(number 2\) whose port is wrong/],
  ['an IPv6 address without brackets', 'postgres://u:hush@::1/shop', /host number 1 .*in brackets/],
  ['an open bracket', 'postgres://u:hush@[::1/shop', /host number 1 is not host:port/],
  [
    'the same endpoint twice',
    'postgres://u:hush@h1,h2,h1:5432/shop',
    /host \(number 3\) that it lists before/,
  ],
  ['an unknown option', 'postgres://u:hush@h/shop?a=b', /not known, its option number 1 .*docs/],
  ['an option with a typo', 'postgres://u:hush@h/shop?ssl_mode=hush', /did you mean sslmode\?/],
  ['a secret as an option', 'postgres://u@h/shop?hush', /no value for its option number 1/],
  [
    'a wrong sslmode',
    'postgres://u:hush@h/shop?sslmode=always',
    /wrong value of sslmode .* takes .*verify-full/,
  ],
  [
    'wrong session attributes',
    'postgres://u:hush@h/shop?target_session_attrs=slave',
    /target_session_attrs .* takes .*standby/,
  ],
  [
    'options that make a setting of the service',
    'postgres://u:hush@h/shop?options=-c%20Statement-Timeout=0%20-c%20search_path%3Dhush',
    /options that set statement_timeout .*the service sets it itself/,
  ],
  [
    'a connect_timeout with a unit',
    'postgres://u:hush@h/shop?connect_timeout=5s',
    /connect_timeout.* seconds/,
  ],
  ['a second of two ports too many', 'postgres://u:hush@h/shop?port=1,2', /2 ports for 1 host/],
  [
    'another number of addresses',
    'postgres://u:hush@h1,h2/shop?hostaddr=::1',
    /1 places in hostaddr, but 2 in host/,
  ],
  [
    'a weak sslmode with the certificates of the system',
    'postgres://u:hush@h/shop?sslmode=require&sslrootcert=system',
    /sslrootcert=system and the weak sslmode=require/,
  ],
  ['verify-ca for any authority', 'postgres://u:hush@h/shop?sslmode=verify-ca', /no sslrootcert/],
  [
    'a weak sslmode with direct TLS',
    'postgres://u:hush@h/shop?sslnegotiation=direct',
    /sslnegotiation=direct and the weak sslmode=prefer/,
  ],
  ['a certificate without its key', 'postgres://u:hush@h/shop?sslcert=x', /one of sslcert and sslkey/],
  [
    'versions of TLS of which none is left',
    'postgres://u:hush@h/shop?ssl_max_protocol_version=TLSv1.1',
    /below/,
  ],
  [
    'methods that are allowed and not',
    'postgres://u:hush@h/shop?require_auth=md5,!none',
    /require_auth .*scram-sha-256/,
  ],
  [
    'Kerberos',
    'postgres://u:hush@h/shop?gssencmode=require',
    /gssencmode, which is not supported .*Kerberos/,
  ],
  [
    'a service file',
    'postgres://u:hush@h/shop?service=hush',
    /service, which is not supported .*write its options/,
  ],
  [
    'hosts by chance',
    'postgres://u:hush@h/shop?load_balance_hosts=random',
    /load_balance_hosts.* stays with one host/,
  ],
]
for (const [what, url, says] of malformed) {
  t.test(`a URL with ${what} is refused with an error that says so`, async (t) => {
    t.match(problemWith(url), says)
  })
  t.test(`the error of a URL with ${what} does not hold the password`, async (t) => {
    t.notMatch(problemWith(url), 'hush')
  })
}

// Each character that a URL gives a meaning to, forgotten to be escaped, and pairs of them.
for (const password of [
  '/',
  '?',
  '#',
  '@',
  '%',
  ':',
  '@/',
  '@?',
  '@#',
  '@:/',
  '@:?',
  '/@',
  '?@',
  '@[/',
  '@,:/',
]) {
  t.test(`no part is shown of a password in which ${password} is not escaped`, async (t) => {
    const url = `postgres://u:${['hush', ...password].join('hush')}hush@h/shop`
    const shown = problemWith(url) || parseDatabaseUrl(url).endpoints.map(({ name }) => name)
    t.notMatch(String(shown), 'hush')
  })
}

/** Role → the attributes that it is fit for, as libpq's documentation has it. */
const roles = [
  {
    what: 'a primary',
    role: { inRecovery: false, readOnly: false },
    fit: ['any', 'read-write', 'primary', 'prefer-standby'],
  },
  {
    what: 'a primary whose transactions are read-only',
    role: { inRecovery: false, readOnly: true },
    fit: ['any', 'read-only', 'primary', 'prefer-standby'],
  },
  {
    what: 'a standby',
    role: { inRecovery: true, readOnly: true },
    fit: ['any', 'read-only', 'standby', 'prefer-standby'],
  },
  {
    what: 'a standby that does not say that it is read-only',
    role: { inRecovery: true, readOnly: false },
    fit: ['any', 'read-only', 'standby', 'prefer-standby'],
  },
]
for (const { what, role, fit } of roles) {
  for (const attrs of SESSION_ATTRS) {
    t.test(`${what} is ${fit.includes(attrs) ? 'fit' : 'not fit'} for ${attrs}`, async (t) => {
      t.equal(isFit(role, attrs), fit.includes(attrs))
    })
  }
}

t.test(
  'in an error no secret is repeated, wherever it is in a connection string that is malformed',
  async (t) => {
    const secret = fc.stringMatching(/^[a-z][a-z0-9]{7,15}$/)
    const pieces = [
      ...['postgres://', 'u', ':', '@', 'h', ',', '/', '?', '&', '=', '#', '%', '[', ']', ' ', "'", '\\'],
      ...[
        'sslmode',
        'sslmode=',
        'password=',
        'host=',
        'port=',
        'hostaddr=',
        'options=-c ',
        'options=--',
        'user=u',
      ],
      ...[
        'connect_timeout=',
        'require_auth=',
        'target_session_attrs=',
        'service=',
        'schema=',
        'eu=postgres://',
      ],
      ...['DATABASE_URL=', 'sslrootcert=', 'ssl_min_protocol_version=', 'dbname=', '5432', 'SECRET'],
    ]
    let refused = 0
    fc.assert(
      fc.property(
        secret,
        fc.array(fc.constantFrom(...pieces, 'SECRET'), { maxLength: 14 }),
        (secret, parts) => {
          const text = parts.join('').replaceAll('SECRET', secret)
          try {
            parseDatabases(text)
          } catch (error) {
            refused++
            return !describeError(error).includes(secret)
          }
          return true
        },
      ),
      { numRuns: 20_000 },
    )
    t.ok(refused > 5000, 'most are malformed')
  },
)

t.test(
  'in an error no secret is repeated, wherever one stands in a connection string that was whole',
  async (t) => {
    const whole = [
      'postgres://user:word@host1:5432,host2:5433/shop?sslmode=require&connect_timeout=5&options=-c%20search_path=app',
      'eu=postgres://user:word@host1/shop?require_auth=md5 us=postgres://user@host2/shop?password=word',
      "host=h1,h2 port=5432,5433 user='user' password='word' target_session_attrs=any",
    ]
    const secret = 'hush5ecret'
    for (const text of whole) {
      for (let from = 0; from <= text.length; from++) {
        for (const length of [0, 1, 2, 5]) {
          for (const [before, after] of [
            ['', ''],
            ['?', ''],
            ['&', '='],
            [' ', '='],
            ['@', ':'],
            [':', '@'],
            [',', ','],
          ]) {
            const broken = text.slice(0, from) + before + secret + after + text.slice(from + length)
            try {
              parseDatabases(broken)
            } catch (error) {
              if (describeError(error).includes(secret)) t.fail(`${broken}: ${describeError(error)}`)
            }
          }
        }
      }
    }
  },
)
