import { type Labels, open } from '../src/contract/label.ts'
import { gauge } from '../src/contract/metric.ts'
import { isReserved, namesOnPage } from '../src/contract/metric-names.ts'
import { problemsOfLabels, problemsOfMetrics } from '../src/contract/problems.ts'
import type { Finding } from '../src/finding.ts'
import { readStatement } from '../src/new/statement.ts'
import type { Loss } from './loss.ts'
import type { Question, QuestionMetric } from './question.ts'

/** A collector to be written. */
export interface Draft {
  /** Unique among the drafts: lower-case words joined by hyphens. */
  readonly name: string
  readonly question: Question
  readonly sql: string
  readonly metrics: readonly QuestionMetric[]
  readonly notes: readonly Finding[]
  readonly losses: readonly Loss[]
}

interface Drafts {
  readonly drafts: readonly Draft[]
  readonly losses: readonly Loss[]
}

/** The limit of an open label, because nothing is known of its values. */
export const LIMIT = 200

/** Makes a collector of each question, in their order; a question that cannot be one is a loss. */
export function draftCollectors(questions: readonly Question[]): Drafts {
  const drafts: Draft[] = []
  const lost: Loss[] = []
  const names = new Set<string>()
  /** Every name that a sample has → the metric that has it. */
  const taken = new Map<string, string>()
  for (const question of questions) {
    const { place, what } = question
    const reading = readStatement(question.query)
    const obstacles = 'obstacle' in reading ? [reading.obstacle] : obstaclesOf(question)
    if ('obstacle' in reading || obstacles.length > 0) {
      lost.push(...obstacles.map((obstacle) => ({ ...obstacle, place, what })))
      continue
    }
    const { sql, notes: said } = reading.statement
    const { metrics, notes, losses } = draftMetrics(question, taken)
    if (metrics.length === 0) {
      lost.push(...losses)
      continue
    }
    drafts.push({
      name: uniqueName(question.name, names),
      question,
      sql,
      notes: [...question.notes, ...said, ...notes],
      losses: [...question.losses, ...losses],
      metrics,
    })
  }
  return { drafts, losses: lost }
}

/** The metrics of a question that can be carried over. Adds the names of their samples to `taken`. */
function draftMetrics(
  question: Question,
  taken: Map<string, string>,
): Pick<Draft, 'metrics' | 'notes' | 'losses'> {
  const metrics: QuestionMetric[] = []
  const notes: Finding[] = []
  const losses: Loss[] = []
  for (const metric of question.metrics) {
    const { place, type, obstacle } = metric
    const reserved = namesOnPage(metric).some((known) => isReserved(known))
    const name = reserved ? `business_${metric.name}` : metric.name
    const obstacles =
      obstacle === undefined ? obstaclesOfMetric(question, { ...metric, name }, taken) : [obstacle]
    if (obstacles.length > 0) {
      losses.push(...obstacles.map((finding) => ({ ...finding, place, what: `metric "${metric.name}"` })))
      continue
    }
    if (reserved)
      notes.push({ problem: `${metric.name} is ${name}: the service has metrics of such names itself` })
    for (const known of namesOnPage({ name, type })) taken.set(known, name)
    metrics.push({ ...metric, name })
  }
  return { metrics, notes, losses }
}

function labelsOf(question: Question): Labels {
  return Object.fromEntries(question.labels.map(({ name, values }) => [name, values ?? open(LIMIT)]))
}

/** Why a question cannot be a collector; empty if it can. */
function obstaclesOf(question: Question): Finding[] {
  if (question.metrics.length === 0) return [{ problem: 'no column of it is a metric' }]
  const names = question.labels.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  return twice === undefined
    ? problemsOfLabels(labelsOf(question))
    : [{ problem: `it has the label "${twice}" twice` }]
}

/** Why a metric cannot be one of a collector; empty if it can. */
function obstaclesOfMetric(
  question: Question,
  { name, help, type }: QuestionMetric,
  taken: ReadonlyMap<string, string>,
): Finding[] {
  const owner = namesOnPage({ name, type })
    .map((known) => taken.get(known))
    .find((owner) => owner !== undefined)
  if (owner === undefined) return problemsOfMetrics({ [name]: gauge(help) }, labelsOf(question))
  return [
    {
      problem: `the name is taken by "${owner}", and a metric is of one collector`,
      advice: 'join their queries with UNION ALL',
    },
  ]
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
