import { isDeepStrictEqual } from 'node:util'
import postgres, { type Sql } from 'postgres'
import { startPostgres } from '../demo/postgres.ts'
import { formatMoment, later, type Moment } from '../src/time/moment.ts'
import { fillHistory, pretendOperations } from './history.ts'
import { type Asked, type Database, flags, measure } from './measure.ts'
import { type Bounds, planOf, question, type Windowed, windowedCollectors } from './question.ts'
import { compareTimes, formatTable, type Row, type Say } from './row.ts'

/** Two databases with the same recent past: one with many operations before it, one with few. */
type Pair = readonly [large: Database, small: Database]

/** Milliseconds between two rounds: what a round seals. */
const TICK = 60_000
/** Milliseconds. */
const GOAL = 15
/** Operations that the planner is made to believe in. */
const PRETENDED = 100_000_000
const EVERYTHING: Bounds = { from: '-infinity', to: 'infinity' }

/**
 * What the windowed collectors cost the database in one round: with many operations and with few, and beside the same
 * questions about the whole table.
 */
export async function benchWindows(say: Say, large = 5_000_000, small = 50_000): Promise<Row[]> {
  const server = await startPostgres({ flags })
  const clients: Sql[] = []
  const connect = (name: string) => {
    const options = { max: 1, prepare: false, fetch_types: false, onnotice: () => {} }
    const sql = postgres(server.urlOf(name), options)
    clients.push(sql)
    return sql
  }
  try {
    const admin = connect('postgres')
    await admin`CREATE EXTENSION pg_stat_statements`
    const create = async (name: string, operations: number): Promise<Database> => {
      await admin`CREATE DATABASE ${admin(name)}`
      return { name, operations, sql: connect(name), admin }
    }
    return await compare([await create('large', large), await create('small', small)], say)
  } finally {
    await Promise.all(clients.map((sql) => sql.end({ timeout: 1 })))
    await server.destroy()
  }
}

async function compare(pair: Pair, say: Say): Promise<Row[]> {
  const collectors = await windowedCollectors()
  const now = BigInt(Date.now()) * 1000n
  const recent = Math.max(...collectors.map(({ settle }) => settle)) + TICK
  const [many, few] = [sizeOf(pair[0]), sizeOf(pair[1])]
  say(`Creating ${many} and ${few} operations`)
  await Promise.all(pair.map(({ sql, operations }) => fillHistory(sql, operations, now, recent)))

  const round = collectors.flatMap((collector) =>
    windowsOf(collector, now).map((bounds): Asked => ({ collector, bounds })),
  )
  // This warms the caches too.
  await tellPlans(round, pair, say)

  say('Measuring')
  const [windowed, windowedFew] = await measure(pair, round, 31)
  const everything = collectors.map((collector): Asked => ({ collector, bounds: EVERYTHING }))
  const [whole, wholeFew] = await measure(pair, everything, 3)
  await pretendOperations(pair[0].sql, PRETENDED)
  say(`By the statistics of ${PRETENDED.toLocaleString('en')} operations`)
  await tellPlans(round, pair, say)
  const [believed, believedFew] = await measure(pair, round, 31)
  return [
    compareTimes(
      'Database time of a round: windowed collectors, as the table grows',
      [windowed, `with ${many} operations`],
      [windowedFew, `with ${few}`],
    ),
    compareTimes(
      `Database time of a round: windowed collectors, by the plans for ${PRETENDED.toLocaleString('en')} operations`,
      [believed, `with ${many} operations and the statistics of more`],
      [believedFew, `with ${few}`],
    ),
    compareTimes(
      'Database time of a round: the same questions about the whole table, as it grows',
      [whole, `with ${many} operations`],
      [wholeFew, `with ${few}`],
    ),
    compareTimes(
      `Database time of a round with ${many} operations: windows, and the whole table`,
      [windowed, 'of windows'],
      [whole, 'of the whole table'],
    ),
    compareTimes(
      `Database time of a round with ${many} operations`,
      [windowed, 'of windows'],
      [GOAL, 'the goal'],
      { atMost: 1 },
    ),
  ]
}

function sizeOf({ operations }: Database): string {
  return operations.toLocaleString('en')
}

/** What a round asks a collector: the minute that it seals, and what is still open. */
function windowsOf({ settle }: Windowed, now: Moment): Bounds[] {
  const seal = formatMoment(later(now, -settle))
  return [
    { from: formatMoment(later(now, -settle - TICK)), to: seal },
    { from: seal, to: formatMoment(now) },
  ]
}

/** Says how the databases come to the answers of a round, in a line for each way. */
async function tellPlans(round: readonly Asked[], pair: Pair, say: Say): Promise<void> {
  const plans = new Set<string>()
  for (const asked of round) plans.add(await inspect(asked, pair))
  for (const plan of plans) say(plan)
}

/** How the databases come to the answer of a question, in a line. Throws when it is not the same answer. */
async function inspect({ collector, bounds }: Asked, [large, small]: Pair): Promise<string> {
  const ask = ({ sql }: Database) => question(sql, collector, bounds)
  const answer = async (database: Database) => (await ask(database).values()).map(String).sort()
  const plan = async (database: Database) => (await planOf(database.sql, ask(database))).join(' < ')
  const [answers, plans] = [
    [await answer(large), await answer(small)],
    [await plan(large), await plan(small)],
  ] as const
  if (!isDeepStrictEqual(answers[0], answers[1])) {
    throw new Error(`${collector.name}: ${answers[0].join('; ')} is not ${answers[1].join('; ')}`)
  }
  const warning = plans.some((plan) => plan.includes('Seq Scan on operations'))
    ? 'READS EVERY OPERATION: '
    : ''
  const other = plans[0] === plans[1] ? '' : `; with ${sizeOf(small)} ${plans[1]}`
  return `${collector.name}: ${warning}${plans[0]}${other}`
}

if (import.meta.filename === process.argv[1]) {
  const rows = await benchWindows((line) => process.stderr.write(`${line}\n`))
  process.stdout.write(`${formatTable(rows)}\n`)
}
