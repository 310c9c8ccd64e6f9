import type { Collector, CollectorMetric } from '../contract/collector.ts'
import { nearest } from '../contract/did-you-mean.ts'
import { Mistake } from '../mistake.ts'

/** How many wrong columns a message names. */
const NAMED = 5

/** What is wrong with a column, and what to write instead. */
interface Problem {
  readonly says: string
  readonly instead: string
}

/**
 * Where the column of each label and then of each metric stands among those that a query returns. Throws a Mistake that
 * names each missing, unexpected or repeated one.
 */
export function placeColumns(collector: Collector, names: readonly string[]): number[] {
  const wanted = [...collector.labels, ...collector.metrics].map(({ name }) => name)
  const missing = wanted.filter((name) => !names.includes(name))
  const unexpected = names.filter((name) => !wanted.includes(name))
  const meant = pair(unexpected, missing)
  const named = new Set(meant.values())
  const problems: Problem[] = [
    ...missing.map((name) => ({
      says: `the query returns no column "${name}"`,
      instead: named.has(name) ? '' : lineFor(collector, name),
    })),
    ...unexpected.map((name) => unexpectedColumn(name, meant.get(name))),
    ...names
      .filter((name, i) => names.indexOf(name) < i)
      .map((name) => ({
        says: `the query returns two columns "${name}"`,
        instead: `one of them only: … AS ${name}`,
      })),
  ]
  if (problems.length > 0) {
    const more = problems.length > NAMED ? `; and ${problems.length - NAMED} more` : ''
    const lines = problems.slice(0, NAMED).flatMap(({ instead }) => instead || [])
    const says = problems.slice(0, NAMED).map(({ says }) => says)
    throw new Mistake(`${says.join('; ')}${more}`, [...new Set(lines)].join('; '))
  }
  return wanted.map((name) => names.indexOf(name))
}

/** By unexpected column, the missing one that it most likely is; where there is one of each, the one for the other. */
function pair(unexpected: readonly string[], missing: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const name of unexpected) {
    const free = missing.filter((other) => ![...pairs.values()].includes(other))
    const like = nearest(name, free) ?? (unexpected.length === 1 && free.length === 1 ? free[0] : undefined)
    if (like !== undefined) pairs.set(name, like)
  }
  return pairs
}

function unexpectedColumn(name: string, meant: string | undefined): Problem {
  const says = `the query returns a column "${name}", which is neither a label nor a metric`
  if (meant !== undefined) return { says: `${says}: did you mean "${meant}"?`, instead: `… AS ${meant}` }
  return { says, instead: `labels: { ${name}: open(100) }, or leave that column out` }
}

/** A column that a query lacks, as it would be written. */
function lineFor({ metrics }: Collector, name: string): string {
  const metric = metrics.find((metric) => metric.name === name)
  return metric === undefined ? `SELECT ${name}, … GROUP BY ${name}` : columnOf(metric)
}

/** The column of a metric, as it would be written. */
export function columnOf({ name, type }: CollectorMetric): string {
  switch (type) {
    case 'histogram':
      return `\${observe('${name}', sql\`…\`)}`
    case 'timestamp':
      return `extract(epoch FROM …) AS ${name}`
    default:
      return `count(*) AS ${name}`
  }
}
