import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startPostgres } from '../../demo/postgres.ts'
import { untilLeft } from '../backends.ts'
import { ROOT } from '../root.ts'
import { startService } from '../service.ts'
import { client, createTables, fill } from './server.ts'

/** Where Debian has its servers: a version that keeps each text of a utility statement as one of its own. */
const DEBIAN = '/usr/lib/postgresql'
const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((version) => Number(version) < 18) : []
const older = versions
  .map((version) => join(DEBIAN, version, 'bin'))
  .find((bin) => existsSync(join(bin, 'initdb')))
const missing =
  older === undefined && process.env.CI !== 'true'
    ? 'a PostgreSQL before 18 is missing: install the Debian package postgresql'
    : false

for (const [name, installed, skip] of [
  ['the newest PostgreSQL', undefined, false],
  ['a PostgreSQL before 18', older, missing],
] as const) {
  t.test(
    `of ${name}, pg_stat_statements has as many entries after a hundred quiet rounds as after two`,
    { skip },
    async (t) => {
      if (name !== 'the newest PostgreSQL') t.type(installed, 'string', 'there is a PostgreSQL before 18')
      const flags = ['-c', 'shared_preload_libraries=pg_stat_statements']
      const postgres = await startPostgres({ flags, ...(installed === undefined ? {} : { installed }) })
      t.teardown(() => postgres.destroy())
      const sql = client(t, postgres.url)
      await createTables(sql)
      await fill(sql)
      await sql`CREATE EXTENSION pg_stat_statements`
      await sql`CREATE ROLE metrics LOGIN PASSWORD 'only-for-the-test' IN ROLE pg_read_all_data`
      const url = new URL(postgres.url)
      url.username = 'metrics'
      url.password = 'only-for-the-test'
      const { round, scrape } = await startService(
        t,
        { DATABASE_URL: url.href },
        { folder: join(ROOT, 'collectors') },
      )
      const entries = async () => {
        const rows = await sql<{ query: string }[]>`
          SELECT query FROM pg_stat_statements WHERE userid = 'metrics'::regrole ORDER BY query`
        return rows.map(({ query }) => query)
      }
      await round()
      await round()
      const before = await entries()
      const unnamed = before.filter((query) => query.includes('SELECT') && !query.includes('/* '))
      t.same(unnamed, [], 'each says whose it is')
      t.ok(before.some((query) => query.includes("/* collector='connections' */")))
      for (let rounds = 0; rounds < 98; rounds++) await round()
      t.same(await entries(), before)
      t.ok(before.length > 15)
      // Whether the address leads elsewhere is asked on another one, for a moment.
      await untilLeft(t, sql, 1)
      t.equal((await scrape()).get('collection_duration_seconds_count{result="failure"}'), 0)
    },
  )
}
