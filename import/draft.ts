import { checkDefinition } from '../src/contract/collector.ts'
import type { Definition } from '../src/contract/definition.ts'
import { type Labels, open } from '../src/contract/label.ts'
import { gauge } from '../src/contract/metric.ts'
import { isReserved, namesOnPage } from '../src/contract/metric-names.ts'
import { LOST, type Question, type QuestionMetric } from './question.ts'
import { readStatement } from './statement.ts'

/** A collector that is to be written. */
export interface Draft {
  /** Unique among the drafts: lower-case words joined by hyphens. */
  readonly name: string
  readonly question: Question
  readonly sql: string
  readonly metrics: readonly QuestionMetric[]
  /** SQL that is NULL in rows that are not samples. */
  readonly where: string | undefined
  readonly notes: readonly string[]
}

export interface Drafts {
  readonly drafts: readonly Draft[]
  readonly lost: readonly string[]
}

/** How many values an open label has, when nothing is known of them. */
export const LIMIT = 200

/** Makes collectors of questions, in their order; what cannot be one is lost, with its place and the reason. */
export function draftCollectors(questions: readonly Question[]): Drafts {
  const drafts: Draft[] = []
  const lost: string[] = []
  const names = new Set<string>()
  /** Every name that a sample has → the metric that has it. */
  const taken = new Map<string, string>()
  for (const question of questions) {
    const statement = readStatement(question.query)
    const problem = typeof statement === 'string' ? statement : problemOfQuestion(question)
    if (typeof statement === 'string' || problem !== undefined) {
      lost.push(`${question.place}: ${question.what}: ${problem}`)
      continue
    }
    const notes = [...question.notes, ...statement.notes]
    const losses: string[] = []
    const metrics: QuestionMetric[] = []
    for (const metric of question.metrics) {
      const reserved = namesOnPage(metric).some((known) => isReserved(known))
      const name = reserved ? `business_${metric.name}` : metric.name
      const loss = metric.problem ?? problemOfMetric(question, { ...metric, name }, taken)
      if (loss !== undefined) {
        losses.push(`${metric.place}: metric "${metric.name}": ${loss}`)
        continue
      }
      if (name !== metric.name)
        notes.push(`${metric.name} is ${name}: the service has metrics of such names itself`)
      for (const known of namesOnPage({ name, type: metric.type })) taken.set(known, name)
      metrics.push({ ...metric, name })
    }
    if (metrics.length === 0) {
      lost.push(...losses)
      continue
    }
    notes.push(...losses.map((loss) => `${LOST}${loss}`))
    const name = uniqueName(question.name, names)
    drafts.push({ name, question, sql: statement.sql, notes, ...withoutNulls(question, metrics) })
  }
  return { drafts, lost }
}

/**
 * A row with a NULL value is rejected whole, and the series that are known are filled with zeros. Neither may touch
 * what the other exporter showed: a counter of nothing is 0, and where a row has several metrics, or a zero would be
 * filled in, a gauge is a timestamp, for which NULL is no sample.
 */
function withoutNulls(
  question: Question,
  metrics: readonly QuestionMetric[],
): Pick<Draft, 'metrics' | 'where'> {
  const [only, ...more] = metrics
  const filled = question.labels.length === 0 || question.labels.some(({ values }) => values !== undefined)
  if (more.length === 0 && (only?.type === 'counter' || (only?.type === 'gauge' && !filled))) {
    return { metrics, where: only.nullable }
  }
  return {
    metrics: metrics.map((metric) => {
      if (metric.nullable === undefined) return metric
      if (metric.type === 'counter') return { ...metric, expression: `coalesce(${metric.expression}, 0)` }
      return { ...metric, type: 'timestamp' }
    }),
    where: undefined,
  }
}

/** Asks the service itself what it would say of a collector. */
function problemOf(definition: Partial<Definition>): string | undefined {
  const metrics = { business_things: gauge('Things.') }
  try {
    checkDefinition({ name: 'import', metrics, query: (sql) => sql``, ...definition })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.replace('collector "import": ', '') : String(error)
  }
}

function labelsOf(question: Question): Labels {
  return Object.fromEntries(question.labels.map(({ name, values }) => [name, values ?? open(LIMIT)]))
}

function problemOfQuestion(question: Question): string | undefined {
  if (question.metrics.length === 0) return 'no column of it is a metric'
  const names = question.labels.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  return twice === undefined ? problemOf({ labels: labelsOf(question) }) : `it has the label "${twice}" twice`
}

function problemOfMetric(
  question: Question,
  { name, help, type }: QuestionMetric,
  taken: ReadonlyMap<string, string>,
): string | undefined {
  const other = namesOnPage({ name: name, type: type })
    .map((known) => taken.get(known))
    .find((owner) => owner !== undefined)
  if (other !== undefined) {
    return `the name is taken by "${other}", and a metric is of one collector: join their queries with UNION ALL`
  }
  return problemOf({ labels: labelsOf(question), metrics: { [name]: gauge(help) } })
}

function uniqueName(text: string, names: Set<string>): string {
  const words =
    text
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join('-') ?? 'query'
  const base = /^[a-z]/.test(words) ? words : `query-${words}`
  let name = base
  for (let i = 2; names.has(name); i++) name = `${base}-${i}`
  names.add(name)
  return name
}
