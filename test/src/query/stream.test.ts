import t, { type Test } from 'tap'
import type { Fragment } from '../../../src/contract/definition.ts'
import type { Client, Column } from '../../../src/query/client.ts'
import { isQuery, type Query, type Receiver, stream } from '../../../src/query/stream.ts'
import { fieldsOf } from '../../../src/rows/bytes.ts'
import { createDatabase } from '../../database.ts'
import { connect as connectTo } from '../../session.ts'

/** The client of a session, as a query of a round has it. */
async function connect(t: Test): Promise<Client> {
  const { url } = await createDatabase(t, { schema: false })
  return connectTo(t, url)
}

function queryOf(fragment: Fragment): Query {
  if (!isQuery(fragment)) throw new Error('the tag of the client makes no query')
  return fragment
}

/** Keeps what it is given, in order. */
class Recorder implements Receiver {
  readonly given: unknown[] = []
  #columns: readonly Column[] = []
  sent(text: string): void {
    this.given.push({ sent: text })
  }
  columns(columns: readonly Column[], text: string): void {
    this.#columns = columns
    this.given.push({ columns: columns.map(({ name }) => name), text })
  }
  row(bytes: Buffer, at: number): void {
    this.given.push(fieldsOf(this.#columns, bytes, at))
  }
}

t.test('a result arrives as its text, the names of its columns and an array for each row', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(
    queryOf(sql`SELECT i, 'x' AS x, NULL AS n FROM generate_series(1, ${sql`2`}) AS i`),
    sql,
    recorder,
  )
  const text = `SELECT i, 'x' AS x, NULL AS n FROM generate_series(1, 2) AS i`
  t.same(recorder.given, [{ sent: text }, { columns: ['i', 'x', 'n'], text }, [1, 'x', null], [2, 'x', null]])
})

t.test('a result without rows has columns, and two of one name are two', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(queryOf(sql`SELECT 1 AS a, 2 AS a WHERE false`), sql, recorder)
  const text = 'SELECT 1 AS a, 2 AS a WHERE false'
  t.same(recorder.given, [{ sent: text }, { columns: ['a', 'a'], text }])
})

t.test('a statement that returns nothing has no columns', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await stream(queryOf(sql`SET work_mem = '4MB'`), sql, recorder)
  t.same(recorder.given.at(-1), { columns: [], text: `SET work_mem = '4MB'` })
})

t.test('the text and the columns of a query that fails are known', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  await t.rejects(stream(queryOf(sql`SELECT 1 / 0 AS a`), sql, recorder), { message: 'division by zero' })
  const text = 'SELECT 1 / 0 AS a'
  t.same(recorder.given, [{ sent: text }, { columns: ['a'], text }])
})

t.test('what the receiver throws at a row rejects while the query runs, and no row follows', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  let rows = 0
  const running = queryOf(sql`SELECT i FROM generate_series(1, 100000) AS i`)
  let ended = false
  const end = running.then(() => {
    ended = true
  })
  const row = () => {
    if (++rows === 2) throw new Error('two are enough')
  }
  await t.rejects(stream(running, sql, Object.assign(recorder, { row })), { message: 'two are enough' })
  t.notOk(ended, 'the query still runs')
  await end
  t.equal(rows, 2)
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
    await t.rejects(stream(query, sql, recorder), { message: 'not these' })
    t.same(
      recorder.given.filter((given) => Array.isArray(given)),
      [],
    )
  })
}

t.test('the rows of a query that was not sent are those of the client again', async (t) => {
  const sql = await connect(t)
  const unsendable = queryOf(sql`SELECT ${Symbol('none') as never} AS a`)
  await t.rejects(stream(unsendable, sql, new Recorder()))
  t.same(await sql`SELECT 1 AS a`, [{ a: 1 }])
  await t.rejects(stream(queryOf(sql`SELECT 1 / 0 AS a`), sql, new Recorder()))
  t.same(await sql`SELECT 2 AS a`, [{ a: 2 }])
})

t.test('the rows of a query after one that is not waited for any more are those of the client', async (t) => {
  const sql = await connect(t)
  const recorder = Object.assign(new Recorder(), {
    row() {
      throw new Error('enough')
    },
  })
  await t.rejects(stream(queryOf(sql`SELECT generate_series(1, 100000) AS i`), sql, recorder), {
    message: 'enough',
  })
  const next = sql`SELECT 2 AS a`
  await t.rejects(stream(queryOf(sql`SELECT 3 AS a`), sql, recorder), { message: 'another query is running' })
  t.same(await next, [{ a: 2 }])
})

t.test('a row arrives whole, however the network cuts it', async (t) => {
  const sql = await connect(t)
  const recorder = new Recorder()
  const query = sql`SELECT i, repeat('é', i * 1000) AS text, NULL AS n FROM generate_series(0, 200) AS i`
  await stream(queryOf(query), sql, recorder)
  t.same(
    recorder.given.slice(2),
    Array.from({ length: 201 }, (_, i) => [i, 'é'.repeat(i * 1000), null]),
  )
})

t.test('a text, rows and a promise of something else are not queries', async (t) => {
  const sql = await connect(t)
  t.notOk(isQuery('SELECT 1'))
  t.notOk(isQuery(await sql`SELECT 1 AS a`))
  t.notOk(isQuery(Promise.resolve([])))
  t.ok(isQuery(sql`SELECT 1 AS a`))
})
