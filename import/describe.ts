import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Build } from '../src/check/command.ts'
import type { Database } from '../src/database.ts'
import { type Finding, findingOf } from '../src/finding.ts'
import { readStatement } from '../src/new/statement.ts'
import type { Description } from '../src/query/study.ts'
import type { Question } from './question.ts'

/** What the databases say of the queries. */
export interface Answers {
  readonly described: ReadonlyMap<Question, Description>
  /** The queries that a database refuses, as it would refuse them from the exporter. */
  readonly refused: readonly Refusal[]
  /** The names of the databases, or their endpoints where they have none. */
  readonly databases: readonly string[]
  /** The most series that a collector may have. */
  readonly budget: number
}

export interface Refusal {
  readonly question: Question
  /** The name of the database, where there are several. */
  readonly database: string | undefined
  readonly finding: Finding
}

/** Milliseconds that PostgreSQL may take to plan one query. */
const TIMEOUT = 10_000

/** Whether a database is given that can be asked. */
export function isDatabaseGiven(isFile: (path: string) => boolean): boolean {
  const given = ['DATABASE_URL', 'DATABASE_URL_FILE', 'PGHOST', 'PGHOSTADDR'].some(
    (name) => process.env[name],
  )
  return given || isFile('.env')
}

/**
 * Has the databases of the configuration describe the queries that are for them, and run none. Rejects when the configuration
 * is wrong, or a database cannot be asked.
 */
export async function askDatabases(questions: readonly Question[], build: Build): Promise<Answers> {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-import-'))
  const app = await build({ folder, logger: false }).finally(() => rmSync(folder, { recursive: true }))
  try {
    const described = new Map<Question, Description>()
    const refused: Refusal[] = []
    for (const database of app.databases) {
      const own = questions.filter((question) => isFor(question, database, app.databases))
      for (const [question, answer] of await describeAll(own, database)) {
        if (!(answer instanceof Error)) {
          if (!described.has(question)) described.set(question, answer)
        } else refused.push({ question, database: database.name, finding: findingOf(answer) })
      }
    }
    const databases = app.databases.map(
      ({ name, db }) => name ?? db.endpoints.map(({ name }) => name).join(', '),
    )
    return { described, refused, databases, budget: app.config.COLLECTOR_MAX_SERIES }
  } finally {
    await app.close()
  }
}

/** A query for databases that are not there is asked of all. */
function isFor({ databases }: Question, { name }: Database, all: readonly Database[]): boolean {
  const isThere = all.some((other) => other.name !== undefined && databases?.includes(other.name))
  return databases === undefined || !isThere || (name !== undefined && databases.includes(name))
}

async function describeAll(
  questions: readonly Question[],
  { inspector }: Database,
): Promise<[Question, Description | Error][]> {
  const asked = questions.flatMap((question): [Question, string][] => {
    const reading = readStatement(question.query)
    if ('obstacle' in reading) return []
    const { conditions = [] } = question
    return [reading.statement.sql, ...conditions].map((sql) => [question, sql])
  })
  const answers = await inspector.describe(
    asked.map(([{ versions, role }, text]) => ({ text, versions, role })),
    TIMEOUT,
  )
  return asked.flatMap(([question], i): [Question, Description | Error][] => {
    const answer = answers[i]
    return answer === undefined ? [] : [[question, answer]]
  })
}
