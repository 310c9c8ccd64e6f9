import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import postgres, { type Sql } from 'postgres'
import type { Test } from 'tap'
import type { CollectorPlugin } from '../src/collector.ts'
import { describeError, renderFinding } from '../src/finding.ts'
import { createDatabase } from './database.ts'
import { startService } from './service.ts'

/** What a test of collectors is made of. */
export interface KitOptions {
  /** The tables: SQL, or the path of a file of it, which ends in `.sql`. Paths begin where `npm test` runs. */
  readonly schema: string
  /** What is tested: collectors, or the path of a folder of them. */
  readonly collectors: readonly CollectorPlugin[] | string
}

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
 * counters are at 0 and count from here. Rejects when the schema is not taken.
 */
export async function kit(t: Test, { schema, collectors }: KitOptions): Promise<Kit> {
  const { url, sql } = await createDatabase(t, { schema: false })
  await applySchema(url, schema)
  const { database, scrape } = await startService(
    t,
    { DATABASE_URL: url },
    typeof collectors === 'string' ? { folder: resolve(collectors) } : { collectors: [...collectors] },
  )
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
      return Object.fromEntries([...(await scrape())].filter(([sample]) => isTheirs(sample)))
    },
  }
}

/** What pg_dump frames its output with, for psql alone: https://www.postgresql.org/docs/current/app-pgdump.html */
const RESTRICT = /^\\(un)?restrict .*$/gm

async function applySchema(url: string, schema: string): Promise<void> {
  const isFile = schema.endsWith('.sql')
  const text = isFile ? readFileSync(schema, 'utf8') : schema
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
