import { type Labels, open } from '../src/contract/label.ts'
import { gauge } from '../src/contract/metric.ts'
import { isReserved, namesOnPage } from '../src/contract/metric-names.ts'
import { problemsOfLabels, problemsOfMetrics } from '../src/contract/problems.ts'
import type { Finding } from '../src/finding.ts'
import { readStatement } from '../src/new/statement.ts'
import type { Description } from '../src/query/study.ts'
import type { Loss } from './loss.ts'
import { nameFrom } from './name.ts'
import type { Question } from './question.ts'
import { type Resolved, type ResolvedMetric, resolveColumns } from './resolve.ts'

/** A collector to be written. */
export interface Draft {
  /** Unique among the drafts: lower-case words joined by hyphens. */
  readonly name: string
  /** Its queries, whose rows are one result: there are several when they give one metric. */
  readonly parts: readonly [Part, ...Part[]]
  readonly metrics: readonly ResolvedMetric[]
  readonly notes: readonly Finding[]
  readonly losses: readonly Loss[]
}

/** One query of a collector. */
export interface Part {
  readonly question: Question
  readonly sql: string
  readonly resolved: Resolved
}

interface Drafts {
  readonly drafts: readonly Draft[]
  readonly losses: readonly Loss[]
}

/** The limit of an open label: so high that only COLLECTOR_MAX_SERIES is one, as the exporters have none. */
export const LIMIT = 1_000_000

/**
 * Makes a collector of each question, in their order; a question that cannot be one is a loss. `described` is what the
 * database says of their queries, if it was asked.
 */
export function draftCollectors(
  questions: readonly Question[],
  described: ReadonlyMap<Question, Description> = new Map(),
): Drafts {
  const drafts: Draft[] = []
  const lost: Loss[] = []
  const names = new Set<string>()
  /** What the queries of a collector have in common → its place. */
  const shapes = new Map<string, number>()
  /** Every name that a sample has → the metric that has it. */
  const taken = new Map<string, string>()
  for (const question of questions) {
    const { place, what } = question
    const reading = readStatement(question.query)
    const resolved = resolveColumns(question, described.get(question))
    const obstacles = 'obstacle' in reading ? [reading.obstacle] : obstaclesOf(question, resolved, described)
    if ('obstacle' in reading || obstacles.length > 0) {
      lost.push(...obstacles.map((obstacle) => ({ ...obstacle, place, what })), ...question.losses)
      continue
    }
    const { sql, notes: said } = reading.statement
    const part = { question, sql, resolved }
    const same = shapes.get(shapeOf(part, resolved.metrics)) ?? -1
    const draft = drafts[same]
    if (draft !== undefined) {
      const isThere = draft.parts.some((other) => isSameAs(other, part))
      drafts[same] = {
        ...draft,
        parts: isThere ? draft.parts : [...draft.parts, part],
        losses: [...draft.losses, ...question.losses],
      }
      continue
    }
    const { metrics, notes, losses } = draftMetrics(resolved, taken)
    if (metrics.length === 0) {
      lost.push(...losses, ...question.losses)
      continue
    }
    shapes.set(shapeOf(part, metrics), drafts.length)
    drafts.push({
      name: nameFrom(question.name, names),
      parts: [part],
      notes: [
        ...question.notes,
        ...said,
        ...resolved.notes,
        ...volatileNotes(described.get(question)),
        ...notes,
      ],
      losses: [...question.losses, ...losses],
      metrics,
    })
  }
  return { drafts, losses: lost }
}

/** What queries have in common whose rows can be those of one collector. */
function shapeOf({ question, resolved }: Part, metrics: readonly ResolvedMetric[]): string {
  const { databases, versions, role, interval } = question
  const labels = resolved.labels.map(({ name }) => name)
  return JSON.stringify([
    labels,
    metrics.map(({ name, type }) => [name, type]),
    databases,
    versions,
    role,
    interval,
  ])
}

function volatileNotes(description: Description | undefined): Finding[] {
  if (description === undefined || description.volatile.length === 0) return []
  const problem = `Its query runs ${description.volatile.join(', ')}: if that writes, the query fails, because it is read-only`
  return [{ problem, advice: 'declare it STABLE if it reads only' }]
}

/** Whether two queries are one, as when a file comes twice: their rows would be the same. */
function isSameAs(one: Part, other: Part): boolean {
  const text = ({ sql, question: { joined, measures, conditions }, resolved: { labels, metrics } }: Part) =>
    JSON.stringify([sql, joined, measures, conditions, labels, metrics.map(expressionOf)])
  return text(one) === text(other)
}

function expressionOf({ expression }: ResolvedMetric): string {
  return expression
}

/** The metrics of a question that can be carried over. Adds the names of their samples to `taken`. */
function draftMetrics(
  resolved: Resolved,
  taken: Map<string, string>,
): Pick<Draft, 'metrics' | 'notes' | 'losses'> {
  const metrics: ResolvedMetric[] = []
  const notes: Finding[] = []
  const losses: Loss[] = []
  for (const metric of resolved.metrics) {
    const { place, type, obstacle } = metric
    const reserved = namesOnPage(metric).some((known) => isReserved(known))
    const name = reserved ? `business_${metric.name}` : metric.name
    const obstacles =
      obstacle === undefined ? obstaclesOfMetric(resolved, { ...metric, name }, taken) : [obstacle]
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

function labelsOf({ labels }: Resolved): Labels {
  return Object.fromEntries(labels.map(({ name, values }) => [name, values ?? open(LIMIT)]))
}

/** Why a question cannot be a collector; empty if it can. */
function obstaclesOf(
  question: Question,
  resolved: Resolved,
  described: ReadonlyMap<Question, Description>,
): Finding[] {
  if (resolved.obstacle !== undefined) return [resolved.obstacle]
  if (resolved.metrics.length === 0) return [{ problem: 'no column of it is a metric' }]
  const writes = described.get(question)?.writes
  if (writes !== undefined)
    return [{ problem: `its query writes or locks rows (${writes})`, advice: 'a collector reads only' }]
  const names = resolved.labels.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  return twice === undefined
    ? problemsOfLabels(labelsOf(resolved))
    : [{ problem: `it has the label "${twice}" twice` }]
}

/** Why a metric cannot be one of a collector; empty if it can. */
function obstaclesOfMetric(
  resolved: Resolved,
  { name, help, type }: ResolvedMetric,
  taken: ReadonlyMap<string, string>,
): Finding[] {
  const owner = namesOnPage({ name, type })
    .map((known) => taken.get(known))
    .find((owner) => owner !== undefined)
  if (owner === undefined) return problemsOfMetrics({ [name]: gauge(help) }, labelsOf(resolved))
  return [
    {
      problem: `the name is taken by "${owner}" of another collector`,
      advice: 'give both the same labels, and join their queries with UNION ALL',
    },
  ]
}
