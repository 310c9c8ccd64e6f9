// Describes and plans queries, and runs none. Imports src/ and its own folder only.
import type { ISql } from 'postgres'
import type { AskedQuery } from '../../src/check/inspector.ts'
import { describeError } from '../../src/finding.ts'
import type { Db, Snapshot } from '../../src/query/db.ts'
import type { DescribedColumn, Description } from '../../src/query/study.ts'
import { whyIdle } from '../../src/round/idle.ts'
import { type Type, typesOf } from './column-types.ts'
import { type Described, type OutputNode, planOf } from './described.ts'
import { versionOf } from './idle.ts'
import { volatileCode } from './reached.ts'

/** The most queries that are asked about within one timeout, and the milliseconds for what is asked about all of them. */
const MOST = 20
const CODE_TIMEOUT = 10_000

/** What there is of a query before it is known what code it runs; undefined for one that is for other servers. */
type Planned = Omit<Description, 'volatile'> | undefined

/** The plans of the first of some queries. */
interface Answered {
  readonly planned: readonly Planned[]
  /** How many were described before one was refused, so that none was planned; else 0. */
  readonly described: number
  /** Why the first that has no plan has none; undefined when each has one. */
  readonly error: unknown
}

/**
 * Describes and plans queries in one snapshot. Resolves to what each is, to why PostgreSQL refuses it, or to undefined for one
 * that is for other servers. An error ends a transaction: what comes behind it is asked in the next one.
 */
export async function describeQueries(
  db: Db,
  asked: readonly AskedQuery[],
  timeout: number,
  signal: AbortSignal,
): Promise<(Description | Error | undefined)[]> {
  const answers: (Planned | Error)[] = []
  const columns = new Columns()
  let most = MOST
  let snapshot = await db.snapshot(signal)
  try {
    const isIdle = await idleIn(snapshot, asked, timeout, signal)
    while (answers.length < asked.length) {
      if (snapshot.lost) {
        await snapshot.close()
        snapshot = await db.snapshot(signal)
      }
      const next = asked.slice(answers.length, answers.length + most)
      const { planned, described, error } = await snapshot
        .run(timeout, signal, (sql) => planSome(sql, next, isIdle, columns))
        .catch((error): Answered => ({ planned: [], described: 0, error }))
      answers.push(...planned)
      // One that is not the first may fail for what others did, or for the time that they took.
      if (planned.length === 0 && described === 0) answers.push(asError(error))
      most = described || MOST
    }
    // An engine without these catalogs says nothing of its functions.
    const codes = await snapshot
      .run(CODE_TIMEOUT, signal, (sql) =>
        volatileCode(
          sql,
          asked.map(({ text }) => text),
        ),
      )
      .catch(() => new Map<number, string[]>())
    return answers.map((answer, i) =>
      answer === undefined || answer instanceof Error ? answer : { ...answer, volatile: codes.get(i) ?? [] },
    )
  } finally {
    await snapshot.close()
  }
}

/** Whether a query is for other servers than that of the snapshot, which is asked for its version only when that counts. */
async function idleIn(
  snapshot: Snapshot,
  asked: readonly AskedQuery[],
  timeout: number,
  signal: AbortSignal,
): Promise<(query: AskedQuery) => boolean> {
  const { inRecovery } = snapshot.begun
  const isAsked = asked.some(({ versions }) => versions !== undefined)
  const version = isAsked ? await snapshot.run(timeout, signal, versionOf) : undefined
  return (query) => whyIdle(query, { inRecovery, version }) !== undefined
}

/** Plans queries, up to one that is refused. They are described one after the other, and planned in one round trip. */
async function planSome(
  sql: ISql,
  asked: readonly AskedQuery[],
  isIdle: (query: AskedQuery) => boolean,
  columns: Columns,
): Promise<Answered> {
  const texts = asked.map((query) => (isIdle(query) ? undefined : query.text))
  for (const [i, text] of texts.entries()) {
    try {
      if (text !== undefined) await columns.of(sql, text)
    } catch (error) {
      return { planned: [], described: i, error }
    }
  }
  const plans = await Promise.allSettled(
    texts.map(async (text): Promise<Planned> => {
      if (text === undefined) return undefined
      const top = await planOf(sql, text)
      return { columns: await columns.of(sql, text), rows: top['Plan Rows'] ?? 0, writes: writesIn(top) }
    }),
  )
  const planned: Planned[] = []
  for (const plan of plans) {
    if (plan.status === 'rejected') return { planned, described: 0, error: plan.reason }
    planned.push(plan.value)
  }
  return { planned, described: 0, error: undefined }
}

/** The columns of queries, each of which is described once. */
class Columns {
  readonly #types = new Map<number, Type>()
  readonly #known = new Map<string, readonly DescribedColumn[]>()

  async of(sql: ISql, text: string): Promise<readonly DescribedColumn[]> {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const { columns }: Described = await sql.unsafe(text).describe()
    const unknown = columns.map(({ type }) => type).filter((type) => !this.#types.has(type))
    if (unknown.length > 0)
      for (const [oid, type] of await typesOf(sql, [...new Set(unknown)])) this.#types.set(oid, type)
    const described = columns.map(({ name, type }) => {
      const { type: written = 'unknown', kind = 'other' } = this.#types.get(type) ?? {}
      return { name, type: written, kind }
    })
    this.#known.set(text, described)
    return described
  }
}

/** The node of a plan that writes or locks rows. */
function writesIn({ 'Node Type': type, Plans: plans = [] }: OutputNode): string | undefined {
  if (type === 'ModifyTable' || type === 'LockRows') return type
  return plans.map(writesIn).find((writes) => writes !== undefined)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(describeError(reason))
}
