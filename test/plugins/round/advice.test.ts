import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

const COLLECTOR = new URL('../../../src/collector.ts', import.meta.url).href

/** A file with this rest of a definition. */
function source(rest: string): string {
  return `import { counter, defineCollector, gauge } from '${COLLECTOR}'
export default defineCollector({ name: 'odd', ${rest} })
`
}

/** The service with one collector file, after its first round. */
async function startOdd(t: Test, rest: string, env: object = {}) {
  const { url } = await createDatabase(t, { schema: false })
  const folder = t.testdir({ 'odd-file.ts': source(rest) })
  return startService(t, { DATABASE_URL: url, ...env }, { folder })
}

const window = "metrics: { business_odd_total: counter('Odd.') }, window: { settle: '10m' }"
const count = 'SELECT count(*) AS business_odd_total FROM pg_class'

/** Each fails, with what its error says at the first run or the second, and what to write instead. */
const failures: [what: string, rest: string, says: string, instead: string][] = [
  [
    'has a window and uses neither bound of it',
    `${window}, query: (sql) => sql\`${count}\``,
    'its query does not use "from" and "to"',
    `WHERE create_time > \${from} AND create_time <= \${to}\``,
  ],
  [
    'takes both bounds of its window and uses one',
    `${window}, query: (sql, { from, to }) => sql\`${count} WHERE now() > \${from}\``,
    'its query does not use "to"',
    `WHERE create_time > \${from} AND create_time <= \${to}\``,
  ],
  [
    'returns a text',
    "metrics: { business_odd: gauge('Odd.') }, query: () => 'SELECT 1 AS business_odd'",
    'its query must return the sql`…` itself',
    'query: (sql) => sql`SELECT 1 AS business_odd`',
  ],
  [
    'misspells a label',
    `labels: { kind: ['a'] }, metrics: { business_odd: gauge('Odd.') },
     query: (sql) => sql\`SELECT 'a' AS kid, 1 AS business_odd\``,
    'did you mean "kind"?',
    '… AS kind',
  ],
]
for (const [what, rest, says, instead] of failures) {
  t.test(`a collector that ${what} is told so, with its file and what to write instead`, async (t) => {
    const port = await freePort()
    const { database, log, round } = await startOdd(t, rest, { DEBUG_PORT: String(port) })
    // In the first window no time has passed, so that both of its bounds are the same.
    await round()
    const [line] = log.filter(({ collector }) => collector === 'odd')
    t.match(line, { level: 'error', file: /odd-file\.ts$/ })
    const { msg = '' } = line ?? {}
    t.match(msg, /^collector failed: /)
    t.ok(msg.includes(says), msg)
    t.ok(msg.endsWith(instead), msg)
    t.notMatch(msg, /\n/)
    const [shown] = (await (await fetch(`http://127.0.0.1:${port}/debug/collectors`)).json()) as unknown[]
    t.match(shown, { file: /odd-file\.ts$/, lastError: msg.replace('collector failed: ', '') })
    const page = await fetch(`http://127.0.0.1:${port}/debug/collectors/odd`)
    t.match(await page.text(), /odd-file\.ts/)
    t.ok(database.collectors.list[0]?.error)
  })
}

const steady = "metrics: { business_odd: gauge('Odd.') }, query: (sql) => sql`SELECT 1 AS business_odd`"

t.test('a window whose bounds are both used is right in any order', async (t) => {
  const { database, round } = await startOdd(
    t,
    `${window}, query: (sql, { from, to }) => sql\`${count} WHERE now() <= \${to} AND now() > \${from}\``,
  )
  await round()
  t.equal(database.collectors.list[0]?.error, undefined)
})

t.test(
  'an interval below the tick is told at the start, with its file and what to write instead',
  async (t) => {
    const { log } = await startOdd(t, `interval: '90s', ${steady}`, { METRICS_TICK_DURATION: '2m' })
    t.match(
      log.filter(({ level }) => level !== 'info'),
      [
        {
          collector: 'odd',
          file: /odd-file\.ts$/,
          msg: /its interval 1m30s is below METRICS_TICK_DURATION \(2m\).* write: interval: '2m' or longer/,
        },
      ],
    )
  },
)

t.test('an interval of a tick is none to talk about', async (t) => {
  const { log } = await startOdd(t, `interval: '2m', ${steady}`, { METRICS_TICK_DURATION: '2m' })
  t.same(
    log.filter(({ level }) => level !== 'info'),
    [],
  )
})

t.test('a file whose definition is wrong is told with its path and its collector', async (t) => {
  const { app } = await startOdd(t, `interval: 'often', ${steady}`)
  t.match(app.reloads.last.problems, [
    /odd-file\.ts cannot be loaded: collector "odd": its interval "often" is not a duration such as 60s/,
  ])
})

t.test('a misspelt name in COLLECTORS is told with the one that was most likely meant', async (t) => {
  await t.rejects(startOdd(t, steady, { COLLECTORS: 'od' }), {
    message: 'COLLECTORS names "od": did you mean "odd"?; the collectors are odd',
  })
})
