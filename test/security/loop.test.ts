import t from 'tap'
import {
  type CollectorPlugin,
  type Definition,
  defineCollector,
  gauge,
  histogram,
  type Label,
  open,
} from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// Somebody who writes values into the tables: none of them holds the event loop.

/** Milliseconds of the processor that the service may take at a stretch for what it makes of one row. */
const LONGEST = 50

type Attack = (metric: string) => Omit<Definition, 'name'>

/** A gauge with a value of this SQL, and with a label of that. */
const gaugeOf =
  (value: string, label?: string, values: Label = open(9)): Attack =>
  (metric) => ({
    labels: label === undefined ? {} : { kind: values },
    metrics: { [metric]: gauge('Things.') },
    query: (sql) => {
      const kind = label === undefined ? sql`` : sql`${sql.unsafe(label)} AS kind, `
      return sql`SELECT ${kind}${sql.unsafe(value)} AS ${sql(metric)}`
    },
  })

const MANY = 'generate_series(1, 300000) AS g'

/** Each has a row with a text that is larger than any that is of use, in a place of its own. */
const attacks: Readonly<Record<string, Attack>> = {
  'digits and a letter': gaugeOf("repeat('9', 1000000) || 'x'"),
  'a number of 100,000 digits': gaugeOf("repeat('9', 100000)::numeric"),
  blanks: gaugeOf("repeat(' ', 1000000)"),
  'spans of time': gaugeOf("repeat('1 day ', 200000)"),
  'an interval': gaugeOf("interval '1 day' * 1e6"),
  JSON: gaugeOf(`(SELECT jsonb_agg(g) FROM ${MANY})`),
  'nested JSON': gaugeOf("(repeat('[', 3000) || repeat(']', 3000))::json"),
  'an array': gaugeOf(`(SELECT array_agg(g) FROM ${MANY})`),
  'nested arrays': gaugeOf('array_fill(1, ARRAY[50, 50, 50])'),
  bytes: gaugeOf("decode(repeat('ff', 1000000), 'hex')"),
  bits: gaugeOf("repeat('1', 1000000)::bit varying"),
  'a label': gaugeOf('1', "repeat('x', 10000000)"),
  'a label that is listed': gaugeOf('1', "repeat('x', 10000000)", ['a', 'other']),
  'a label of JSON': gaugeOf('1', `(SELECT jsonb_agg(g) FROM ${MANY})`),
  'a label of an array': gaugeOf('1', `(SELECT array_agg(g) FROM ${MANY})`),
  'a histogram': (metric) => ({
    metrics: { [metric]: histogram('Things.', [1]) },
    query: (sql) => sql`SELECT repeat('1 ', 4000000) AS ${sql(metric)}`,
  }),
  'an error': gaugeOf("(repeat(' ', 1000000) || 'x')::int"),
  'an error of lines': gaugeOf("repeat(E'\\n ', 1000000)::timestamptz"),
  '1,600 columns': gaugeOf(Array.from({ length: 1600 }, (_, i) => `1 AS c${i}, 1`).join()),
}

/**
 * The longest stretch of the processor between two turns of the event loop, in milliseconds, while work is done. By its
 * processor time, so that it does not matter what else the machine does, and without that of other threads.
 */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let running = true
  let before = process.threadCpuUsage()
  const turn = () => {
    const { user } = process.threadCpuUsage(before)
    longest = Math.max(longest, user / 1000)
    before = process.threadCpuUsage()
    if (running) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  running = false
  turn()
  return longest
}

t.test('no value, error or row holds the event loop, whatever its size', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const collectors: CollectorPlugin[] = Object.values(attacks).map((attack, i) =>
    defineCollector({ name: `things-${i}`, ...attack(`business_things_${i}`) } as Definition),
  )
  const { database, app } = await startService(t, { DATABASE_URL: url }, { collectors })
  for (const [i, what] of Object.keys(attacks).entries()) {
    const status = database.collectors.list.find(({ collector }) => collector.name === `things-${i}`)
    if (status === undefined) throw new Error(`nothing collects ${what}`)
    // What a value costs, it costs each time. Garbage of the values before is collected in one run, and not in the next.
    let hold = Number.POSITIVE_INFINITY
    for (let run = 0; run < 12 && hold >= LONGEST; run++) {
      hold = await longestHold(() => database.round.run(i + 1, [status]))
    }
    t.ok(hold < LONGEST, `${what}: ${hold} ms at a stretch`)
    t.equal((await app.inject('/healthz')).statusCode, 200)
  }
})
