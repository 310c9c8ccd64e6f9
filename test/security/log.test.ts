import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { type CollectorPlugin, type Definition, defineCollector, gauge, open } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// Somebody who reads the log, and is not to read the rows.

/** What is in the rows, each piece of it a text of its own: forty of them. */
const PERSON = Array.from({ length: 40 }, (_, i) => `jane${i}.doe@example.com`).join(' ')

const gaugeOf = (name: string, query: Definition['query'], labels: Definition['labels'] = {}) =>
  defineCollector({ name, labels, metrics: { [`business_${name}`]: gauge('Things.') }, query } as Definition)

/** Each puts what a person is called where the service, or the server, repeats it. */
const attacks: readonly CollectorPlugin[] = [
  gaugeOf('value', (sql) => sql`SELECT person AS business_value FROM people`),
  gaugeOf('label', (sql) => sql`SELECT person AS kind, 1 AS business_label FROM people`, {
    kind: ['a', 'b'],
  }),
  gaugeOf('short', (sql) => sql`SELECT left(person, 20) AS kind, 1 AS business_short FROM people`, {
    kind: ['a', 'b'],
  }),
  gaugeOf('array', (sql) => sql`SELECT ARRAY[person] AS business_array FROM people`),
  gaugeOf('json', (sql) => sql`SELECT jsonb_build_object('name', person) AS business_json FROM people`),
  gaugeOf('bytes', (sql) => sql`SELECT person::bytea AS business_bytes FROM people`),
  gaugeOf(
    'twice',
    (sql) => sql`SELECT person AS kind, 1 AS business_twice FROM people, generate_series(1, 2)`,
    { kind: open(5) },
  ),
  gaugeOf('cast', (sql) => sql`SELECT person::int AS business_cast FROM people`),
  gaugeOf('parse', (sql) => sql`SELECT (person::jsonb ->> 'n')::int AS business_parse FROM people`),
  gaugeOf(
    'moment',
    (sql) => sql`SELECT extract(epoch FROM person::timestamptz) AS business_moment FROM people`,
  ),
  gaugeOf('raise', (sql) => sql`SELECT raise(person) AS business_raise FROM people`),
  gaugeOf('dynamic', (sql) => sql`SELECT run(person) AS business_dynamic FROM people`),
  gaugeOf('enum', (sql) => sql`SELECT (person::mood)::text::int AS business_enum FROM people`),
]

async function setUp(t: Test, env: Record<string, string>) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(`
    CREATE TABLE people (person text);
    CREATE TYPE mood AS ENUM ('sad');
    CREATE FUNCTION raise(person text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'no such person: %', person USING DETAIL = person, HINT = person; END $$;
    CREATE FUNCTION run(person text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE person; RETURN 1; END $$`)
  await sql`INSERT INTO people VALUES (${PERSON})`
  return startService(t, { DATABASE_URL: url, ...env }, { collectors: [...attacks] })
}

/** The lines of each collector, which are all that it is named in. */
function linesOf(log: Awaited<ReturnType<typeof setUp>>['log'], { collector }: CollectorPlugin) {
  return log.filter((line) => line.collector === collector.name).map((line) => JSON.stringify(line))
}

t.test('with LOG_VALUES=false no log line has anything of a row', async (t) => {
  const { log } = await setUp(t, { LOG_VALUES: 'false' })
  for (const attack of attacks) {
    const lines = linesOf(log, attack)
    t.ok(lines.length > 0, `${attack.collector.name} has a line`)
    for (const line of lines) t.notMatch(line, /jane|doe|example/, attack.collector.name)
  }
  t.ok(log.some(({ msg }) => /^collector failed: SQLSTATE 22P02, invalid text representation/.test(msg)))
})

t.test('otherwise a log line has a hundred characters of a value at most', async (t) => {
  const { log } = await setUp(t, {})
  for (const attack of attacks) {
    const lines = linesOf(log, attack)
    t.ok(lines.length > 0, `${attack.collector.name} has a line`)
    // What follows the hundredth character is not there, and neither is more of what comes before.
    for (const line of lines) t.notMatch(line, /jane[5-9]\.|jane\d\d\./, attack.collector.name)
  }
})

t.test('the debug page has the value that was rejected, up to a thousand characters', async (t) => {
  const port = await freePort()
  await setUp(t, { DEBUG_PORT: String(port), LOG_VALUES: 'false' })
  const value = await (await fetch(`http://127.0.0.1:${port}/debug/collectors/value`)).text()
  t.match(value, 'jane39.doe@example.com')
  const cast = await (await fetch(`http://127.0.0.1:${port}/debug/collectors/cast`)).text()
  t.match(cast, 'jane39.doe@example.com')
})
