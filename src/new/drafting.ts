import type { FastifyInstance } from 'fastify'
import { checkNames } from '../contract/did-you-mean.ts'
import { open } from '../contract/label.ts'
import { gauge } from '../contract/metric.ts'
import { isReserved } from '../contract/metric-names.ts'
import { problemsOfLabels, problemsOfMetrics } from '../contract/problems.ts'
import type { Database } from '../database.ts'
import { isTimeout, Mistake } from '../finding.ts'
import type { Study } from '../query/study.ts'
import { formatSeconds } from '../time/age.ts'
import { formatDuration } from '../time/duration.ts'
import { type Answers, NO_WINDOW } from './answers.ts'
import type { Draft } from './draft.ts'
import { counted, propose } from './propose.ts'
import type { Questions } from './questions.ts'
import { textOf } from './text.ts'
import { canBeCounted, isBetterCounted, timeColumnOf, windowed } from './windowed.ts'

/** What a collector is made of. */
export interface Asked {
  readonly name: string
  readonly sql: string
  readonly answers: Answers
  /** The name of the database that is asked; by default the first one. */
  readonly database: string | undefined
  /** Who is asked; undefined when nobody is. */
  readonly questions: Questions | undefined
}

interface Drafted {
  readonly draft: Draft
  /** The query, indented; the bounds of a window are FROM and TO. */
  readonly sql: string
  readonly notes: readonly string[]
}

/** How late rows may be committed, unless it is said. */
const SETTLE = '10m'

/** Asks the database, and the person who answers questions, and makes a collector of what they say. */
export async function draftOf(app: FastifyInstance, asked: Asked): Promise<Drafted> {
  const { name, sql, answers, questions } = asked
  const { COLLECTOR_TIMEOUT: timeout, METRICS_TICK_DURATION: tick } = app.config
  const { inspector } = databaseOf(app, asked.database)
  const study = await inspector.study(sql, timeout).catch((error) => {
    if (!isTimeout(error)) throw error
    throw new Mistake(
      `the query took longer than COLLECTOR_TIMEOUT (${formatDuration(timeout)})`,
      'ask for less, add an index, or give it more time: COLLECTOR_TIMEOUT=5m',
      { cause: error },
    )
  })
  const proposed = { ...propose(name, study, answers, tick), database: asked.database }
  const plain = (await questions?.about(proposed)) ?? proposed
  checkDraft(plain)
  const compare = (one: string, other: string, columns: readonly string[]) =>
    inspector.returnsSame(one, other, columns, timeout)
  const { column, wanted } = await windowOf(study, plain, asked)
  const notes = notesOf(study, plain, answers)
  if (column !== undefined && wanted) {
    const settle =
      answers.settle ?? (await questions?.text('rows are committed later by up to', SETTLE)) ?? SETTLE
    const draft = counted(plain, column, settle)
    const text = await textOf({ ...draft, interval: answers.interval }, sql, study, compare)
    if (text !== undefined) {
      const note = `it counts what is new by ${column}; rows may be committed up to ${settle} later: --settle`
      return { draft: { ...draft, interval: answers.interval }, sql: text, notes: [...notes, note] }
    }
    if (answers.window !== undefined) {
      throw new Mistake(
        `with a window by ${column}, the query does not count all that it counts without`,
        `add WHERE ${column} IS NOT NULL if rows get it later, or write the window by hand: docs/windows.md`,
      )
    }
  }
  const hint =
    column === undefined || wanted
      ? []
      : [`it could count only what is new, at less cost: --window ${column}`]
  const text = (await textOf(plain, sql, study, compare)) ?? ''
  return { draft: plain, sql: text, notes: [...notes, ...hint] }
}

/** Throws a Mistake when an answer makes a collector that could not be loaded. */
function checkDraft(draft: Draft): void {
  const labels = Object.fromEntries(
    draft.labels.map(({ name, values, limit }) => [name, values ?? open(limit)]),
  )
  const metrics = Object.fromEntries(draft.metrics.map(({ name, help }) => [name, gauge(help)]))
  const [finding] = [...problemsOfLabels(labels), ...problemsOfMetrics(metrics, labels)]
  if (finding !== undefined) throw new Mistake(finding.problem, finding.advice)
  const reserved = draft.metrics.find(({ name }) => isReserved(name))
  if (reserved === undefined) return
  throw new Mistake(`"${reserved.name}" is a name of the service's own`, `write: business_${reserved.name}`)
}

function databaseOf({ databases }: FastifyInstance, name: string | undefined): Database {
  const names = databases.flatMap((database) => database.name ?? [])
  if (name !== undefined) checkNames('--database is', [name], names, 'databases')
  const found = name === undefined ? databases[0] : databases.find((database) => database.name === name)
  if (found === undefined) throw new Error('the configuration has no database')
  return found
}

/** The column that a window could go by, and whether there shall be one. */
async function windowOf(
  study: Study,
  { labels, metrics }: Draft,
  { sql, answers, questions }: Asked,
): Promise<{ readonly column: string | undefined; readonly wanted: boolean }> {
  const { window } = answers
  if (window === NO_WINDOW) return { column: undefined, wanted: false }
  if (!canBeCounted(metrics)) {
    if (window === undefined) return { column: undefined, wanted: false }
    throw new Mistake(
      'a window adds up counts and sums, and the query has something else',
      'leave out --window',
    )
  }
  if (window !== undefined) return { column: window, wanted: true }
  const column = timeColumnOf(study)?.name
  if (column === undefined || windowed(sql, column) === undefined) return { column: undefined, wanted: false }
  const better = isBetterCounted(study, sql, labels)
  const wanted = (await questions?.agrees(`count only what is new by ${column}`, better)) ?? better
  return { column, wanted }
}

/** What to know of a draft. */
function notesOf({ seconds, rows, columns }: Study, { interval, labels }: Draft, answers: Answers): string[] {
  const nulls = labels.filter(({ column }) => rows.some((row) => row[column] === null))
  return [
    ...(interval === undefined || answers.interval !== undefined
      ? []
      : [`the query took ${formatSeconds(seconds)}: it runs every ${interval}`]),
    ...nulls.map(
      ({ column }) => `"${columns[column]?.name}" is NULL in some rows: there the label is "none"`,
    ),
  ]
}
