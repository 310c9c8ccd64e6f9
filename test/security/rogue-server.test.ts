import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { defineCollector, gauge } from '../../src/collector.ts'
import { describeError } from '../../src/finding.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { startService } from '../service.ts'
import { asks, flood, READY, SCRAM, says, startRogue, WELCOME } from './rogue.ts'

// A server that has taken over the address of the database, or a machine in the middle.

/** The nonce of the client, out of what it has sent. */
const nonceOf = (received: Buffer) => /,r=([^,]+)$/.exec(received.toString('latin1'))?.[1] ?? ''
/** Goes on with SCRAM, once. */
const challenge = (text: (nonce: string) => string) => (socket: Socket, received: Buffer) => {
  if (received.includes('n=,r=') && !received.includes('c=biws'))
    socket.write(asks(11, text(nonceOf(received))))
}
const welcome = (socket: Socket) => socket.write(WELCOME)
const answer =
  (...bytes: Buffer[]) =>
  (socket: Socket) =>
    socket.write(Buffer.concat(bytes))
const column = (name: string) =>
  says('T', Buffer.concat([Buffer.from([0, 1]), Buffer.from(name), Buffer.alloc(18)]))

type Attack = [
  start: (socket: Socket) => void,
  next: ((socket: Socket, received: Buffer) => void) | undefined,
  reason: RegExp,
]

const attacks: Record<string, Attack> = {
  'no iterations of SCRAM': [
    answer(SCRAM),
    challenge((r) => `r=${r}x,s=YWJj,i=0`),
    /does not go on with the authentication/,
  ],
  'iterations that are no number': [
    answer(SCRAM),
    challenge((r) => `r=${r}x,s=YWJj,i=abc`),
    /does not go on/,
  ],
  'iterations without end': [
    answer(SCRAM),
    challenge((r) => `r=${r}x,s=YWJj,i=2147483647`),
    /2147483647 iterations of SCRAM/,
  ],
  'a nonce that is not ours': [answer(SCRAM), challenge(() => 'r=another,s=YWJj,i=4096'), /does not go on/],
  'a nonce to which nothing was added': [
    answer(SCRAM),
    challenge((r) => `r=${r},s=YWJj,i=4096`),
    /does not go on/,
  ],
  'an end in the middle of SCRAM': [
    answer(SCRAM, WELCOME),
    undefined,
    /before it has proved that it knows the password/,
  ],
  'an end without a proof': [
    answer(SCRAM),
    (socket, received) => {
      if (received.includes('c=biws')) socket.write(WELCOME)
      else challenge((r) => `r=${r}x,s=YWJj,i=4096`)(socket, received)
    },
    /before it has proved that it knows the password/,
  ],
  'a false proof': [
    answer(SCRAM),
    (socket, received) => {
      if (received.includes('c=biws'))
        socket.write(Buffer.concat([asks(12, `v=${'A'.repeat(43)}=`), WELCOME]))
      else challenge((r) => `r=${r}x,s=YWJj,i=4096`)(socket, received)
    },
    /does not prove that it knows the password/,
  ],
  'a mechanism that nobody knows': [
    answer(asks(10, 'PLAIN\0\0')),
    undefined,
    /SASL mechanism that is not supported/,
  ],
  'the password in clear': [answer(asks(3)), undefined, /asks for the password in clear/],
  Kerberos: [answer(asks(7)), undefined, /not supported: GSSAPI/],
  'authentication that nobody knows': [answer(asks(4711)), undefined, /not supported: number 4711/],
  'authentication twice': [answer(SCRAM, SCRAM), undefined, /asks for authentication twice/],
  'a session without authentication': [answer(READY), undefined, /before it has authenticated the client/],
  'another protocol': [
    answer(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')),
    undefined,
    /does not answer as PostgreSQL does|which PostgreSQL never does/,
  ],
  'another version of the protocol': [
    answer(says('v', Buffer.alloc(8))),
    undefined,
    /does not speak version 3.0/,
  ],
  'parameters without end at the start': [
    (socket) => flood(socket, says('S', 'a\0b\0')),
    undefined,
    /over 1000 messages|before it has authenticated/,
  ],
  'a greeting of a gigabyte': [
    answer(says('S', 'a', 2 ** 30)),
    undefined,
    /opens a session with 1073741820 bytes/,
  ],
  'a message of two gigabytes': [welcome, answer(says('D', 'a', 2 ** 31)), /message of 2147483648 bytes/],
  'a message of no length': [welcome, answer(says('D', '', 0)), /message of 0 bytes/],
  'a description without an end': [
    welcome,
    answer(says('T', Buffer.from([0, 1, 97, 98, 99]))),
    /sends what PostgreSQL never does/,
  ],
  'a description of columns that are not there': [
    welcome,
    answer(says('T', Buffer.from([255, 255, 0]))),
    /never does/,
  ],
  'a row of columns that are not there': [
    welcome,
    answer(column('a\0'), says('D', Buffer.from([0, 9]))),
    /never does/,
  ],
  'a row that is longer than it says': [
    welcome,
    answer(column('a\0'), says('D', Buffer.from([0, 1, 0, 0, 0, 1, 49, 50]))),
    /never does/,
  ],
  'a value that is longer than its row': [
    welcome,
    answer(column('a\0'), says('D', Buffer.from([0, 1, 0, 127, 0, 0, 49]))),
    /never does/,
  ],
  'a row before its description': [
    welcome,
    answer(says('D', Buffer.from([0, 1, 0, 0, 0, 1, 49]))),
    /never does/,
  ],
  'messages that nobody knows': [welcome, (socket) => flood(socket, says('~')), /\(message "~"\)/],
  'a portal that nobody has opened': [welcome, answer(says('s')), /never does/],
  'authentication in the middle of a session': [welcome, answer(SCRAM), /never does/],
  'a copy of both kinds': [welcome, answer(says('W', Buffer.alloc(3))), /never does/],
  'a copy': [
    welcome,
    answer(says('H', Buffer.alloc(3)), says('d', 'x'), says('c'), READY),
    /its query is a COPY/,
  ],
  'a copy from the client': [
    welcome,
    (socket, received) =>
      socket.write(received.includes('not supported') ? READY : says('G', Buffer.alloc(3))),
    /its query is a COPY/,
  ],
  'a command that has no end': [welcome, answer(says('C', 'SELECT 1')), /never does/],
  'an error without a text': [welcome, answer(says('E', '\0'), READY), /./],
  'a status of no kind': [welcome, answer(says('Z', 'II')), /never does/],
  'that it is ready before it is asked': [
    // The socket reads that many bytes at once: the second one is there when the session is open, and nothing was said yet.
    answer(says('N', Buffer.alloc(65_536 - 5 - WELCOME.length)), WELCOME, READY),
    answer(says('~')),
    /never does/,
  ],
  'answers that nobody has asked for': [
    welcome,
    answer(READY, READY, READY, says('C', 'SELECT 1\0'), READY),
    /./,
  ],
}

async function attack(t: Test, [start, next, reason]: Attack) {
  const rogue = await startRogue(t, { start, ...(next && { next }) })
  const service = await startService(t, { DATABASE_URL: `${rogue.url}?connect_timeout=2` }, { start: false })
  void service.database.ticker.start().catch(() => {})
  const { log, app, database } = service
  await poll(
    () => database.db.endpoints[0]?.error,
    (error) => error !== undefined,
  )
  t.match(database.db.endpoints[0]?.error, reason)
  t.equal((await app.inject('/healthz')).statusCode, 200)
  await poll(rogue.open, (open) => open === 0)
  t.notOk(rogue.received().includes('s3cr3t'), 'the password was not sent')
  t.ok(JSON.stringify(log).length < 10_000, 'the log is short')
}

for (const [name, parts] of Object.entries(attacks)) {
  t.test(`a server that sends ${name} is down, and the service is not`, async (t) => attack(t, parts))
}

const floods: Record<string, Buffer> = {
  parameters: Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => says('S', `name${i}\0${'x'.repeat(500)}\0`)),
  ),
  notices: says('N', `M${'x'.repeat(50_000)}\0\0`),
  notifications: says('A', Buffer.concat([Buffer.alloc(4), Buffer.from(`c\0${'x'.repeat(5000)}\0`)])),
  'rows that nobody reads': Buffer.concat([says('T', Buffer.from([0, 0])), says('D', Buffer.from([0, 0]))]),
  'an error of a gigabyte': Buffer.from('x'.repeat(50_000)),
}

for (const [name, bytes] of Object.entries(floods)) {
  t.test(`a server that sends ${name} without end costs no memory`, async (t) => {
    let begun = false
    const rogue = await startRogue(t, {
      start: welcome,
      next: (socket) => {
        if (name.startsWith('an error') && !begun) socket.write(says('E', 'SERROR\0M', 2 ** 30))
        begun = true
        flood(socket, bytes)
      },
    })
    const before = process.memoryUsage()
    const url = `${rogue.url}?connect_timeout=1`
    const { database, app } = await startService(t, { DATABASE_URL: url }, { start: false })
    void database.ticker.start().catch(() => {})
    await poll(
      () => database.db.endpoints[0]?.error,
      (error) => error !== undefined,
    )
    t.ok(process.memoryUsage().rss - before.rss < 100 * 2 ** 20, 'the memory is bounded')
    t.equal((await app.inject('/healthz')).statusCode, 200)
  })
}

// What a true server may send, too, if a collector asks for it.

const things = defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT 1 AS business_things`,
})
const business = { business_bad: gauge('Something else.') }

const queries: Record<string, [query: string, error: RegExp, timeout?: '1s']> = {
  'copies to the client': [
    'COPY (SELECT g AS business_bad, pg_sleep(0.001) FROM generate_series(1, 100) g) TO STDOUT',
    /its query is a COPY — write one SELECT/,
  ],
  'returns a row of 20 MB': [
    "SELECT repeat('x', 20000000) AS business_bad",
    /its query returns a row of 200000\d\d bytes, over 16777216 — select less/,
  ],
  'fails with 2 MB of text': [
    "SELECT (repeat('x', 2000000))::int AS business_bad",
    /^invalid input syntax .{0,1000}…$/,
  ],
  'gives notice without end': [
    'SELECT talkative() AS business_bad',
    /canceling statement due to statement timeout|no answer within/,
    '1s',
  ],
}

for (const [what, [query, error, timeout = '10s']] of Object.entries(queries)) {
  t.test(`a query that ${what} fails, and no other does`, async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql.unsafe(`
      CREATE FUNCTION talkative() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$`)
    const bad = defineCollector({
      name: 'bad',
      metrics: business,
      timeout,
      query: (sql) => sql.unsafe(query),
    })
    const service = await startService(t, { DATABASE_URL: url }, { collectors: [bad, things] })
    for (let round = 0; round < 2; round++) await service.round()
    const before = process.memoryUsage().rss
    await service.round()
    const failed = service.database.collectors.list.find(({ collector }) => collector.name === 'bad')
    t.match(failed?.error && describeError(failed.error), error)
    t.equal((await service.scrape()).get('business_things'), 1)
    t.ok(process.memoryUsage().rss - before < 100 * 2 ** 20, 'the memory is bounded')
    t.ok(JSON.stringify(service.log).length < 20_000, 'the log is short')
  })
}
