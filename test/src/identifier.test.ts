import t from 'tap'
import { identifier } from '../../src/identifier.ts'
import { createDatabase } from '../database.ts'

t.test('a name is in quotes where PostgreSQL takes it for something else', async (t) => {
  const { sql } = await createDatabase(t, { schema: false })
  const reserved = await sql<
    { word: string }[]
  >`SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')`
  t.ok(reserved.length > 90)
  for (const { word } of reserved) t.equal(identifier(word), `"${word}"`)
  const names = [
    'things',
    'Things',
    'two words',
    '1st',
    'a"b',
    `a'b`,
    '',
    'naïve',
    'a$b',
    '; DROP TABLE x; --',
  ]
  for (const name of names) {
    const [row] = await sql`SELECT quote_ident(${name}) AS quoted`
    const quoted: unknown = row?.quoted
    t.equal(identifier(name), quoted, name)
  }
})
