import type { ReservedSql } from 'postgres'
import t, { type Test } from 'tap'
import type { Fragment } from '../../../src/contract/definition.ts'
import { type Column, isQuery, type Query, type Receiver, stream } from '../../../src/query/stream.ts'
import { createDatabase } from '../../database.ts'

/** One open connection, as a query of a round has it. */
async function connect(t: Test): Promise<ReservedSql> {
  const { sql } = await createDatabase(t, { schema: false })
  const connection = await sql.reserve()
  t.teardown(() => connection.release())
  return connection
}

function queryOf(fragment: Fragment): Query {
  if (!isQuery(fragment)) throw new Error('the tag of the client makes no query')
  return fragment
}

/** Keeps what it is given, in order. */
class Recorder implements Receiver {
  readonly given: unknown[] = []
  sent(text: string): void {
    this.given.push({ sent: text })
  }
  columns(columns: readonly Column[], text: string): void {
    this.given.push({ columns: columns.map(({ name }) => name), text })
  }
  row(values: readonly unknown[]): void {
    this.given.push(values)
  }
}

t.test('a result arrives as its text, the names of its columns and an array for each row', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(queryOf(sql`SELECT i, 'x' AS x, NULL AS n FROM generate_series(1, ${sql`2`}) AS i`), recorder)
  const text = `SELECT i, 'x' AS x, NULL AS n FROM generate_series(1, 2) AS i`
  t.same(recorder.given, [{ sent: text }, { columns: ['i', 'x', 'n'], text }, [1, 'x', null], [2, 'x', null]])
})

t.test('a result without rows has columns, and two of one name are two', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(queryOf(sql`SELECT 1 AS a, 2 AS a WHERE false`), recorder)
  const text = 'SELECT 1 AS a, 2 AS a WHERE false'
  t.same(recorder.given, [{ sent: text }, { columns: ['a', 'a'], text }])
})

t.test('a statement that returns nothing has no columns', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(queryOf(sql`SET work_mem = '4MB'`), recorder)
  t.same(recorder.given.at(-1), { columns: [], text: `SET work_mem = '4MB'` })
})

t.test('the text of a query that fails is known', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await t.rejects(stream(queryOf(sql`SELECT 1 / 0 AS a`), recorder), { message: 'division by zero' })
  t.same(recorder.given, [{ sent: 'SELECT 1 / 0 AS a' }])
})

t.test('what the receiver throws at a row rejects while the query runs, and no row follows', async (t) => {
  const sql = await connect(t)
  const rows: unknown[] = []
  const running = queryOf(sql`SELECT i FROM generate_series(1, 100000) AS i`)
  let ended = false
  const end = running.then(() => {
    ended = true
  })
  const receiver = Object.assign(new Recorder(), {
    row(values: readonly unknown[]) {
      rows.push(values)
      if (rows.length === 2) throw new Error('two are enough')
    },
  })
  await t.rejects(stream(running, receiver), { message: 'two are enough' })
  t.notOk(ended, 'the query still runs')
  await end
  t.same(rows, [[1], [2]])
})

for (const [what, where] of [
  ['rows', 'true'],
  ['no rows', 'false'],
] as const) {
  t.test(`what the receiver throws at the columns of a result with ${what} rejects`, async (t) => {
    const sql = await connect(t)
    const recorder = Object.assign(new Recorder(), {
      columns() {
        throw new Error('not these')
      },
    })
    const query = queryOf(sql`SELECT 1 AS a WHERE ${sql.unsafe(where)}`)
    await t.rejects(stream(query, recorder), { message: 'not these' })
    t.same(
      recorder.given.filter((given) => Array.isArray(given)),
      [],
    )
  })
}

t.test('a text, rows and a promise of something else are not queries', async (t) => {
  const sql = await connect(t)
  t.notOk(isQuery('SELECT 1'))
  t.notOk(isQuery(await sql`SELECT 1 AS a`))
  t.notOk(isQuery(Promise.resolve([])))
  t.ok(isQuery(sql`SELECT 1 AS a`))
})
