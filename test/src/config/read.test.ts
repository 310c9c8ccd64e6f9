import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError, type Environment, linesOf, readConfig } from '../../../src/config/read.ts'
import { NAMES, type VariableName } from '../../../src/config/variables.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 86_400 * SECOND
const DATABASE_URL = 'postgres://u:hush@h1,h2,h3/shop'

/** What keeps others out. */
const DOORS = [
  'METRICS_TOKEN',
  'METRICS_TOKEN_FILE',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_CLIENT_CA_FILE',
  'DEBUG_TOKEN',
  'DEBUG_TOKEN_FILE',
] as const

const readFile = (path: string) => readFileSync(path, 'utf8')

function read(environment: Environment) {
  return readConfig({ DATABASE_URL, ...environment }, readFile)
}

/** All that is wrong with an environment to which nothing is added. */
function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment, readFile)
  } catch (error) {
    if (error instanceof ConfigError) return linesOf(error)
    throw error
  }
  return []
}

t.test('with a database alone, every other variable has its documented default', async (t) => {
  t.match(read({}), {
    METRICS_TICK_DURATION: MINUTE,
    DATABASE_WAIT_TIMEOUT: 0,
    HOST: '0.0.0.0',
    PORT: 9993,
    DEBUG_HOST: '127.0.0.1',
    DEBUG_PORT: 6063,
    COLLECTORS: [],
    COLLECTOR_CONCURRENCY: 4,
    COLLECTOR_TIMEOUT: 30 * SECOND,
    COLLECTOR_MAX_SERIES: 10_000,
    COLLECTOR_STALE_AFTER: 10 * MINUTE,
    LOG_LEVEL: 'info',
  })
})

for (const name of ['DATABASE_URL_FILE', 'DATABASE_QUORUM', ...DOORS, 'STATE_FILE'] as const) {
  t.test(`${name} is undefined when it is not set`, async (t) => {
    t.equal(read({})[name], undefined)
  })
}

t.test('DATABASE_URL becomes endpoints, credentials and options', async (t) => {
  const [only, ...others] = read({}).databases
  t.match(only?.url, { endpoints: [{}, {}, {}], user: 'u', password: { text: 'hush' }, database: 'shop' })
  t.equal(only?.name, undefined)
  t.same(others, [])
})

/** Each with a value other than the default, the limits of its range where it has one. */
const taken: [
  name: Exclude<VariableName, 'DATABASE_URL' | 'DATABASE_PASSWORD'>,
  text: string,
  value: unknown,
][] = [
  ['METRICS_TICK_DURATION', '1s', SECOND],
  ['METRICS_TICK_DURATION', '24h', DAY],
  ['METRICS_TICK_DURATION', '1m30s', 90 * SECOND],
  ['DATABASE_QUORUM', '1', 1],
  ['DATABASE_QUORUM', '3', 3],
  ['DATABASE_WAIT_TIMEOUT', '2m', 2 * MINUTE],
  ['HOST', '::1', '::1'],
  ['PORT', '0', 0],
  ['PORT', '65535', 65_535],
  ['DEBUG_HOST', '127.0.0.2', '127.0.0.2'],
  ['DEBUG_PORT', '0', 0],
  ['DEBUG_PORT', '65535', 65_535],
  ['COLLECTORS', 'connections', ['connections']],
  ['COLLECTOR_CONCURRENCY', '1', 1],
  ['COLLECTOR_TIMEOUT', '100ms', 100],
  ['COLLECTOR_MAX_SERIES', '1', 1],
  ['COLLECTOR_STALE_AFTER', '0', 0],
  ['COLLECTOR_STALE_AFTER', '720h', 30 * DAY],
  ...(['trace', 'debug', 'warn', 'error', 'fatal', 'silent'] as const).map(
    (level): ['LOG_LEVEL', string, unknown] => ['LOG_LEVEL', level, level],
  ),
]
for (const [name, text, value] of taken) {
  t.test(`${name} takes ${text}`, async (t) => {
    t.strictSame(read({ [name]: text })[name], value)
  })
}

t.test('COLLECTORS may have spaces and empty places around its commas', async (t) => {
  t.strictSame(read({ COLLECTORS: ' active, connections,, installations ,' }).COLLECTORS, [
    'active',
    'connections',
    'installations',
  ])
})

/** Variable → what it takes, and texts that it does not. */
const wrong: [name: VariableName, takes: RegExp, texts: string[]][] = [
  [
    'METRICS_TICK_DURATION',
    /a duration such as 60s.*at least 1s, at most 24h/,
    ['60', 'fast', '0', '999ms', '24h1ms', '-60s', 'NaN', 'Infinity', ' '],
  ],
  [
    'DATABASE_QUORUM',
    /a whole number from 1 to the number of hosts/,
    ['0', '-1', '1.5', 'all', '1e0', '4', '99'],
  ],
  ['DATABASE_WAIT_TIMEOUT', /a duration such as 60s/, ['60', 'never', '-1s', '25h']],
  ['PORT', /a whole number from 0 to 65535/, ['-1', '65536', '80.5', '8e1', '0x50', 'http', ' 80', 'NaN']],
  ['DEBUG_PORT', /a whole number from 0 to 65535/, ['-1', '65536', 'off']],
  ['COLLECTOR_CONCURRENCY', /a whole number from 1/, ['0', '-4', '2.5', 'many', '1000000']],
  ['COLLECTOR_TIMEOUT', /a duration such as 60s.*at least 100ms/, ['30', '0', '99ms', '25h', 'soon']],
  ['COLLECTOR_MAX_SERIES', /a whole number from 1/, ['0', '-1', '1.5', '10k', '99999999999999999999']],
  ['COLLECTOR_STALE_AFTER', /a duration such as 60s/, ['10', '-10m', 'never']],
  ['LOG_LEVEL', /one of trace, debug, info, warn, error, fatal, silent/, ['loud', 'INFO', '30', 'toString']],
]
for (const [name, takes, texts] of wrong) {
  for (const text of texts) {
    t.test(`${name} refuses "${text}", naming the variable, the value and what it takes`, async (t) => {
      const problems = problemsOf({ DATABASE_URL, [name]: text })
      t.equal(problems.length, 1, problems.join('\n'))
      t.ok(problems[0]?.includes(name), 'the variable')
      t.ok(problems[0]?.includes(`"${text}"`), 'the value')
      t.match(problems[0], takes, 'what it takes')
    })
  }
}

t.test('an empty text counts as not set, for every variable that is no door', async (t) => {
  for (const name of NAMES) {
    if (name === 'DATABASE_URL' || DOORS.some((door) => door === name)) continue
    t.strictSame(read({ [name]: '' }), read({}), name)
  }
})

t.test('an empty DATABASE_URL counts as not set', async (t) => {
  t.match(problemsOf({ DATABASE_URL: '' }), [/DATABASE_URL is not set/])
})

t.test('all that is wrong is reported at once, a line each', async (t) => {
  const environment = {
    METRICS_TICK_DURATION: 'x',
    DATABASE_QUORUM: 'x',
    DATABASE_WAIT_TIMEOUT: 'x',
    PORT: 'x',
    DEBUG_PORT: 'x',
    COLLECTOR_CONCURRENCY: 'x',
    COLLECTOR_TIMEOUT: 'x',
    COLLECTOR_MAX_SERIES: 'x',
    COLLECTOR_STALE_AFTER: 'x',
    LOG_LEVEL: 'x',
  }
  t.throws(() => readConfig(environment, readFile), ConfigError)
  const problems = problemsOf(environment)
  const named = problems.map((problem) => /^[A-Z_]+/.exec(problem)?.[0])
  t.strictSame(new Set(named), new Set([...Object.keys(environment), 'DATABASE_URL']))
  t.equal(problems.length, named.length)
})

t.test('the message of a ConfigError is its problems, a line each', async (t) => {
  const error = t.throws(() => readConfig({ PORT: 'x', LOG_LEVEL: 'x' }, readFile))
  const lines = String((error as Error).message).split('\n')
  t.equal(lines.length, 3, lines.join(' | '))
})

t.test('a wrong quorum is reported even when the URL is wrong too', async (t) => {
  const problems = problemsOf({ DATABASE_URL: 'postgres://', DATABASE_QUORUM: '0' })
  t.match(problems, [/^DATABASE_QUORUM /, /^DATABASE_URL /])
})

t.test('without a database the error names npm run demo', async (t) => {
  t.match(problemsOf({}), [/DATABASE_URL is not set.*npm run demo/])
})

t.test('DATABASE_URL and DATABASE_URL_FILE together are refused', async (t) => {
  const file = join(t.testdir({ url: DATABASE_URL }), 'url')
  t.match(problemsOf({ DATABASE_URL, DATABASE_URL_FILE: file }), [
    /DATABASE_URL and DATABASE_URL_FILE are both set/,
  ])
})

t.test('DATABASE_URL_FILE holds the URL, with a newline at its end or without', async (t) => {
  const folder = t.testdir({ bare: 'postgres://u:p@h/shop', line: 'postgres://u:p@h/shop\n' })
  for (const file of ['bare', 'line']) {
    const config = readConfig({ DATABASE_URL_FILE: join(folder, file) }, readFile)
    t.match(config.databases[0]?.url, { user: 'u', password: { text: 'p' }, database: 'shop' }, file)
  }
})

t.test('an empty DATABASE_URL beside a DATABASE_URL_FILE does not count', async (t) => {
  const file = join(t.testdir({ url: 'postgres://u:p@h/shop' }), 'url')
  const config = readConfig({ DATABASE_URL: '', DATABASE_URL_FILE: file }, readFile)
  t.match(config.databases[0]?.url, { user: 'u' })
})

t.test('an empty file is refused, naming the file', async (t) => {
  const file = join(t.testdir({ url: '\n' }), 'url')
  const problems = problemsOf({ DATABASE_URL_FILE: file })
  t.match(problems, [/^DATABASE_URL_FILE is .* empty/])
  t.ok(problems[0]?.includes(file))
})

t.test('a file that cannot be read is refused, naming the file and the cause', async (t) => {
  const file = join(t.testdir({}), 'url')
  const problems = problemsOf({ DATABASE_URL_FILE: file })
  t.match(problems, [/^DATABASE_URL_FILE is .*cannot be read.*ENOENT/])
  t.ok(problems[0]?.includes(file))
})

t.test('a malformed URL in a file is refused without showing it', async (t) => {
  const file = join(t.testdir({ url: 'postgres://u:hush@h:port/shop' }), 'url')
  const problems = problemsOf({ DATABASE_URL_FILE: file })
  t.match(problems, [/DATABASE_URL is wrong: its host number 1 is not host:port/])
  t.notMatch(problems.join('\n'), 'hush')
})

t.test('a quorum above the number of hosts is refused, saying how many there are', async (t) => {
  t.match(problemsOf({ DATABASE_URL, DATABASE_QUORUM: '4' }), [/DATABASE_QUORUM is "4".* lists 3 hosts/])
})

t.test('the quorum is checked against the hosts of a file too', async (t) => {
  const file = join(t.testdir({ url: 'postgres://u:p@h1/shop' }), 'url')
  t.match(problemsOf({ DATABASE_URL_FILE: file, DATABASE_QUORUM: '2' }), [/DATABASE_QUORUM is "2"/])
})

for (const hosts of [1, 2, 3, 4, 5]) {
  t.test(`without DATABASE_QUORUM, the quorum of ${hosts} hosts is the smallest majority`, async (t) => {
    const list = Array.from({ length: hosts }, (_, i) => `h${i}`).join(',')
    const [{ quorum } = { quorum: Number.NaN }] = read({
      DATABASE_URL: `postgres://u:p@${list}/shop`,
    }).databases
    t.ok(quorum > hosts / 2, 'a majority')
    t.ok(quorum - 1 <= hosts / 2, 'one less would be none')
  })
}

for (const url of [
  'hush',
  'mysql://u:hush@h/shop',
  'postgres://:hush@h/shop',
  'postgres://u:hush%@h/shop',
  'postgres://u:hush@hush@h/shop',
  'postgres://u:hush@h:port/shop',
  'postgres://u:hush@h/shop?sslmode=maybe',
  'postgres://u:hush@h,h/shop',
]) {
  t.test(`the problem with ${url} names DATABASE_URL and does not hold the secret`, async (t) => {
    const problems = problemsOf({ DATABASE_URL: url })
    t.match(problems, [/^DATABASE_URL /])
    t.notMatch(problems.join('\n'), 'hush')
  })
}

t.test('the secret is not shown either when something else is wrong', async (t) => {
  const problems = problemsOf({ DATABASE_URL, DATABASE_QUORUM: '9', PORT: 'x' })
  t.equal(problems.length, 2)
  t.notMatch(problems.join('\n'), 'hush')
})

t.test('a URL that was given as DATABASE_URL_FILE by mistake is not shown', async (t) => {
  const problems = problemsOf({ DATABASE_URL_FILE: DATABASE_URL })
  t.match(problems, [/^DATABASE_URL_FILE /])
  t.notMatch(problems.join('\n'), 'hush')
})

const doors: [what: string, environment: Environment, says: RegExp][] = [
  ['a certificate without its key', { TLS_CERT_FILE: '/a' }, /TLS_CERT_FILE is set and TLS_KEY_FILE is not/],
  ['a key without its certificate', { TLS_KEY_FILE: '/a' }, /TLS_KEY_FILE is set and TLS_CERT_FILE is not/],
  [
    'a CA of clients without TLS',
    { TLS_CLIENT_CA_FILE: '/a' },
    /TLS_CLIENT_CA_FILE is set and TLS_CERT_FILE is not/,
  ],
  [
    'a debug listener for all without a token',
    { DEBUG_HOST: '0.0.0.0' },
    /DEBUG_HOST is "0.0.0.0".*set DEBUG_TOKEN/,
  ],
  [
    'a token with a character not allowed in a header',
    { METRICS_TOKEN: 'open sesame' },
    /METRICS_TOKEN contains a character not allowed in an HTTP header \(value hidden\)/,
  ],
  [
    'two tokens',
    { METRICS_TOKEN: 'a', METRICS_TOKEN_FILE: '/a' },
    /METRICS_TOKEN and METRICS_TOKEN_FILE are both set/,
  ],
]
for (const [what, environment, says] of doors) {
  t.test(`${what} is refused`, async (t) => {
    t.throws(() => read(environment), { message: says })
  })
}

for (const name of DOORS) {
  t.test(
    `${name} that is set and empty is refused, because nobody means to open a door with it`,
    async (t) => {
      t.match(problemsOf({ DATABASE_URL, [name]: '' }), [
        new RegExp(`^${name} is set and empty: give it .*, or leave it out of the environment$`),
      ])
    },
  )
}

t.test('a token is in no message', async (t) => {
  try {
    read({ METRICS_TOKEN: 'hush hush', PORT: 'x' })
  } catch (error) {
    t.notMatch(String(error), 'hush')
  }
})

t.test('a debug listener for all is right with a token', async (t) => {
  t.match(read({ DEBUG_HOST: '0.0.0.0', DEBUG_TOKEN: 'hush' }), {
    DEBUG_HOST: '0.0.0.0',
    DEBUG_TOKEN: 'hush',
  })
})

for (const document of ['.env.example', 'README.md']) {
  t.test(`${document} has every variable, and no other`, async (t) => {
    const text = readFileSync(new URL(`../../../${document}`, import.meta.url), 'utf8')
    const line = document === 'README.md' ? /^\| (`[A-Z_`, ]+) \|/gm : /^#?([A-Z_]+)=/gm
    const named = Array.from(text.matchAll(line), ([, names = '']) => names.match(/[A-Z_]{4,}/g) ?? []).flat()
    t.strictSame(named.sort(), NAMES.toSorted())
  })
}

t.test('several databases have a name each, separated by spaces or lines', async (t) => {
  const text = 'eu=postgres://u:p@h1,h2,h3/shop\n us=postgres://u:p@h4/shop\tap-1=postgres://u:p@h5/shop\n'
  t.match(read({ DATABASE_URL: text }).databases, [
    { name: 'eu', quorum: 2, url: { endpoints: [{ host: 'h1' }, {}, {}] } },
    { name: 'us', quorum: 1, url: { endpoints: [{ host: 'h4' }] } },
    { name: 'ap-1', quorum: 1, url: { endpoints: [{ host: 'h5' }] } },
  ])
  t.match(read({ DATABASE_URL: 'eu=postgres://u:p@h1/shop' }).databases, [{ name: 'eu' }])
})

t.test('DATABASE_QUORUM is that of each database', async (t) => {
  const text = 'eu=postgres://u:p@h1,h2,h3/shop us=postgres://u:p@h4/shop'
  const databases = read({ DATABASE_URL: text, DATABASE_QUORUM: '1' }).databases
  t.same(
    databases.map(({ quorum }) => quorum),
    [1, 1],
  )
  t.match(problemsOf({ DATABASE_URL: text, DATABASE_QUORUM: '2' }), [
    /DATABASE_QUORUM is "2".* lists 1 host for "us"/,
  ])
})

for (const [problem, text] of [
  [/lists 2 databases, but number 2 has no name/, 'eu=postgres://u:hush@h/a postgres://u:hush@h/b'],
  [/lists 2 databases, but number 1 has no name/, 'postgres://u:hush@h/a us=postgres://u:hush@h/b'],
  [
    /has a database \(number 2\) with the name of one before it/,
    'eu=postgres://u:hush@h/a eu=postgres://u:hush@h/b',
  ],
  [
    /has a database \(number 2\) whose URL is not of the form/,
    'eu=postgres://u:hush@h/a us=mysql://u:hush@h/b',
  ],
  [/number 1 has no name/, '1eu=postgres://u:hush@h/a us=postgres://u:hush@h/b'],
] as const) {
  t.test(`a list of databases that ${problem.source} is refused, without a password`, async (t) => {
    const problems = problemsOf({ DATABASE_URL: text })
    t.match(problems, [problem])
    t.notMatch(problems.join('\n'), 'hush')
  })
}
