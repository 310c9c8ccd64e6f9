import { nearest } from '../config/nearest.ts'
import type { Collector, CollectorMetric } from '../contract/collector.ts'
import { Mistake } from '../finding.ts'
import { identifier } from '../identifier.ts'

/** How many wrong columns a message names. */
const NAMED = 5

/** A column that is missing, unexpected or repeated, and the line to write in its place. */
interface WrongColumn {
  readonly problem: string
  readonly line?: string | undefined
  readonly name: string
  /** Whether the query returns it. */
  readonly present?: boolean
}

/**
 * The place of each label's column and then of each metric's among those that a query returns. Throws a Mistake that
 * names each missing, unexpected or repeated one.
 */
export function placeColumns(collector: Collector, names: readonly string[]): number[] {
  const wanted = [...collector.labels, ...collector.metrics].map(({ name }) => name)
  const missing = wanted.filter((name) => !names.includes(name))
  const unexpected = names.filter((name) => !wanted.includes(name))
  const meant = pair(unexpected, missing)
  const named = new Set(meant.values())
  const wrong: WrongColumn[] = [
    ...missing.map((name) => ({
      name,
      problem: `the query returns no column "${name}"`,
      line: named.has(name) ? undefined : lineFor(collector, name),
    })),
    ...unexpected.map((name) => unexpectedColumn(name, meant.get(name))),
    ...names
      .filter((name, i) => names.indexOf(name) < i)
      .map((name) => ({
        name,
        problem: `the query returns two columns "${name}"`,
        line: `one of them only: … AS ${identifier(name)}`,
      })),
  ]
  if (wrong.length > 0) throw mistakeOf(wrong)
  return wanted.map((name) => names.indexOf(name))
}

/** One mistake of all the wrong columns, which names the first few. */
function mistakeOf(wrong: readonly WrongColumn[]): Mistake {
  const named = wrong.slice(0, NAMED)
  const more = wrong.length > NAMED ? `; and ${wrong.length - NAMED} more` : ''
  const lines = new Set(named.flatMap(({ line }) => line ?? []))
  // One that is there can be seen in the query.
  const about = (wrong.find(({ present }) => present) ?? wrong[0])?.name
  return new Mistake(
    `${named.map(({ problem }) => problem).join('; ')}${more}`,
    lines.size === 0 ? undefined : `write: ${[...lines].join('; ')}`,
    { about },
  )
}

/** Pairs each unexpected column with the missing one that it was most likely meant to be, or with the only one. */
function pair(unexpected: readonly string[], missing: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const name of unexpected) {
    const free = missing.filter((other) => ![...pairs.values()].includes(other))
    const like = nearest(name, free) ?? (unexpected.length === 1 && free.length === 1 ? free[0] : undefined)
    if (like !== undefined) pairs.set(name, like)
  }
  return pairs
}

function unexpectedColumn(name: string, meant: string | undefined): WrongColumn {
  const problem = `the query returns a column "${name}", which is neither a label nor a metric`
  if (meant === undefined)
    return { name, problem, line: `labels: { ${name}: open(100) }, or leave that column out`, present: true }
  if (meant !== name && meant.toLowerCase() === name) {
    const why = 'PostgreSQL makes a name without quotes lower-case'
    return {
      name: meant,
      problem: `${problem}: ${why}, and the file says "${meant}"`,
      line: `… AS "${meant}", or in the file ${name}`,
      present: true,
    }
  }
  const line = `… AS ${identifier(meant)}`
  return { name, problem: `${problem}: did you mean "${meant}"?`, line, present: true }
}

/** The line of SQL that adds a missing column. */
function lineFor({ metrics }: Collector, name: string): string {
  const metric = metrics.find((metric) => metric.name === name)
  return metric === undefined
    ? `SELECT ${identifier(name)}, … GROUP BY ${identifier(name)}`
    : columnOf(metric)
}

/** The line of SQL that makes the column of a metric. */
export function columnOf({ name, type }: CollectorMetric): string {
  switch (type) {
    case 'histogram':
      return `\${observe('${name}', sql\`…\`)}`
    case 'timestamp':
      return `extract(epoch FROM …) AS ${identifier(name)}`
    default:
      return `count(*) AS ${identifier(name)}`
  }
}
