import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import { createDatabase, type Database } from '../../database.ts'
import { startService } from '../../service.ts'

/** A database with another encoding than the server's own. */
async function createEncoded(t: Test, encoding: string): Promise<Database> {
  const { url, sql } = await createDatabase(t, { schema: false })
  const name = `test_${randomBytes(6).toString('hex')}`
  await sql.unsafe(
    `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
  )
  const encoded = new URL(url)
  encoded.pathname = `/${name}`
  const client = postgres(encoded.href, { max: 1 })
  t.teardown(async () => {
    await client.end()
    await sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
  })
  return { url: encoded.href, sql: client }
}

const places = defineCollector({
  name: 'places',
  labels: { place: open(20) },
  metrics: { business_places: gauge('A number of each place.') },
  query: (sql) => sql`SELECT place, n AS business_places FROM places`,
})

/** What the page shows of the places. */
async function show(t: Test, url: string) {
  const { log, scrape } = await startService(t, { DATABASE_URL: url }, { collectors: [places] })
  const samples = await scrape()
  return {
    places: [...samples].filter(([name]) => name.startsWith('business_')),
    rejected: samples.get('collector_rejected_rows_total{collector="places",reason="label"}'),
    warning: log.find(({ collector, level }) => collector === 'places' && level === 'warn')?.msg,
  }
}

for (const [encoding, text, sessions] of [
  ['UTF8', 'é日\ufffd🦀', ['LATIN1', 'SQL_ASCII', 'EUC_JP', 'SJIS']],
  ['EUC_JP', '日本', ['EUC_JP', 'SJIS', 'SQL_ASCII']],
  ['LATIN1', 'café', ['LATIN1', 'UTF8', 'SQL_ASCII']],
] as const) {
  t.test(`a text of a database in ${encoding} is the same whatever client_encoding is set`, async (t) => {
    const { url, sql } = await createEncoded(t, encoding)
    await sql`CREATE TABLE places AS SELECT 1 AS n, ${text} AS place`
    for (const session of sessions) {
      await sql.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET client_encoding = '${session}'`)
      t.match(await show(t, url), { places: [[`business_places{place="${text}"}`, 1]], rejected: 0 }, session)
    }
  })
}

t.test(
  'no two byte strings of a SQL_ASCII database are one label, and none is lost in silence',
  async (t) => {
    const { url, sql } = await createEncoded(t, 'SQL_ASCII')
    await sql.unsafe(`
    CREATE TABLE places (n int, place text);
    INSERT INTO places VALUES (1, 'plain'), (2, E'M\\xfcller'), (3, E'M\\xf6ller'), (4, E'\\xc3\\xa9')`)
    const { places, rejected, warning } = await show(t, url)
    t.same(places, [
      ['business_places{place="plain"}', 1],
      ['business_places{place="é"}', 4],
    ])
    t.equal(rejected, 2)
    t.match(warning, /place is "M\ufffdller" \(not UTF-8\)/)
    const [, advice = ''] = /write: (.*) AS place/.exec(warning ?? '') ?? []
    const rows = await sql.begin(async (sql) => {
      await sql`SET LOCAL client_encoding = 'SQL_ASCII'`
      return sql.unsafe(`SELECT ${advice} AS place FROM places WHERE n IN (2, 3)`)
    })
    t.same([...rows], [{ place: 'Müller' }, { place: 'Möller' }], 'the advice works')
  },
)
