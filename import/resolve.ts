import { nearest } from '../src/config/nearest.ts'
import type { Finding } from '../src/finding.ts'
import type { DescribedColumn, Description } from '../src/query/study.ts'
import type { Question, QuestionMetric, Value } from './question.ts'
import { labelSql, valueSql } from './values.ts'

/** A label or a metric with its SQL over the columns of `source`. */
export interface ResolvedLabel {
  readonly name: string
  readonly expression: string
  readonly values: readonly string[] | undefined
}
export interface ResolvedMetric extends Omit<QuestionMetric, 'value'> {
  readonly expression: string
}

/** The columns of a collector's query. */
export interface Resolved {
  readonly labels: readonly ResolvedLabel[]
  readonly metrics: readonly ResolvedMetric[]
  /** The columns of the inner query under names of their own; undefined when they have some, or are not known. */
  readonly columns: readonly string[] | undefined
  readonly notes: readonly Finding[]
  /** Why it cannot be a collector. */
  readonly obstacle?: Finding
}

/** Writes the SQL of a question's labels and metrics, by the types that the database says its columns have, if it was asked. */
export function resolveColumns(question: Question, description: Description | undefined): Resolved {
  const names = description === undefined ? undefined : ownNames(description.columns)
  const columns = new Map(description?.columns.map((column, i) => [names?.[i] ?? column.name, column]))
  const isKnown = (name: string) => description === undefined || columns.has(name)
  const notes: Finding[] = []
  const missing = (name: string): Finding => {
    const meant = nearest(name, [...columns.keys()])
    const question = meant === undefined ? '' : `: did you mean "${meant}"?`
    return { problem: `the query has no column "${name}"${question}` }
  }
  let obstacle: Finding | undefined
  const labels = question.labels.map(({ name, value, values }): ResolvedLabel => {
    if ('sql' in value) return { name, expression: value.sql, values }
    let { column } = value
    const [first] = columns.keys()
    if (!isKnown(column)) {
      const { problem } = missing(column)
      // What postgres_exporter does for want of another one.
      if (question.unlisted === undefined) obstacle = { problem: `${problem}, for its label "${name}"` }
      else
        notes.push({
          problem: `${problem}; its label "${name}" has the values of the first column, as in the exporter`,
        })
      column = first ?? column
    }
    return { name, expression: labelSql(column, columns.get(column), question.moments), values }
  })
  const metrics = [...question.metrics, ...unlistedMetrics(question, columns)].map(({ value, ...metric }) => {
    const unknown = needsOf(value).find((column) => !isKnown(column))
    if (unknown !== undefined) return { ...metric, expression: 'NULL', obstacle: missing(unknown) }
    if ('sql' in value) return { ...metric, expression: value.sql }
    const written = valueSql(value.column, columns.get(value.column))
    if ('sql' in written) return { ...metric, expression: written.sql }
    const problem = `its column is of the type ${written.unfit}, which is no number, and so the exporter shows nothing`
    return {
      ...metric,
      expression: 'NULL',
      obstacle: { problem, advice: adviceFor(written.unfit, value.column) },
    }
  })
  const isRenamed = names?.some((name, i) => name !== description?.columns[i]?.name) ?? false
  return {
    labels,
    metrics,
    columns: isRenamed ? names : undefined,
    notes,
    ...(obstacle === undefined ? {} : { obstacle }),
  }
}

function needsOf(value: Value): readonly string[] {
  return 'sql' in value ? value.needs : [value.column]
}

function adviceFor(type: string, column: string): string {
  if (type === 'interval') return `write: extract(epoch FROM ${column})`
  return type === 'money' ? `write: ${column}::numeric` : 'make it a number'
}

/** The numbers that no key lists, which postgres_exporter shows all the same. */
function unlistedMetrics(
  { unlisted, place, name: own }: Question,
  columns: ReadonlyMap<string, DescribedColumn>,
): QuestionMetric[] {
  if (unlisted === undefined) return []
  return [...columns]
    .filter(
      ([name, { kind }]) => !unlisted.listed.includes(name) && ['number', 'boolean', 'moment'].includes(kind),
    )
    .map(([column]) => ({
      name: unlisted.name(column),
      type: 'gauge',
      help: `Column ${column} of ${own}.`,
      value: { column },
      place,
    }))
}

/** The names of columns, of which one that has the name of another gets one of its own. */
function ownNames(columns: readonly DescribedColumn[]): string[] {
  const names: string[] = []
  for (const { name } of columns) {
    let own = name
    for (let i = 2; names.includes(own); i++) own = `${name}_${i}`
    names.push(own)
  }
  return names
}
