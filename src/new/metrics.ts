import type { Fold } from '../contract/metric.ts'
import type { StudiedColumn, Study } from '../query/study.ts'
import { asIs, type DraftMetric, single } from './draft.ts'
import { meaningOf, metricName, plural, sentence, unitOf, wordsOf } from './names.ts'

/**
 * The longest name of a column, less the suffix of a counter:
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
const LONGEST = 63 - '_total'.length

/** An aggregate, where an expression begins with one. */
const AGGREGATE = /^(?:\(|coalesce\(|round\(|extract\(epoch from )*(count|sum|avg|min|max)\(/i
/** The column that an aggregate is of, where it is of a column alone. */
const ARGUMENT =
  /^(?:\(|coalesce\(|round\(|extract\(epoch from )*(?:sum|avg|min|max)\(\(*(?:"?\w+"?\.)?"?(\w+)"?\)/i
/** The beginning of what windows can add up, and what may follow it. */
const ADDED = /^(?:coalesce\()?(?:count|sum)(?=\((?!distinct))/i
const AFTER = /^(?: FILTER \(.*\))?(?:, '?0(?:\.0)?'?(?:::\w+)?\))?$/s
const SIZE = /^(?:\(|sum\()*(?:pg_\w+_size|octet_length|length)\(/i

const FOLDS: Readonly<Record<string, Fold>> = { min: 'min', max: 'max', avg: 'none' }
const WORDS: Readonly<Record<string, string>> = {
  avg: 'mean of',
  max: 'largest',
  min: 'smallest',
  sum: 'sum of',
}

/**
 * Proposes the metric of a column, for a collector of this name. `words` are those of the collector: what it counts, if
 * the column does not say.
 */
export function draftMetric({ columns, rows }: Study, column: number, words: readonly string[]): DraftMetric {
  const of = columns[column] ?? unknown()
  const aggregate = aggregateOf(of)
  const meaning = meaningOf(of.name)
  const argument = ARGUMENT.exec(of.expression ?? '')?.[1]
  const subject = words.join(' ')
  const own = meaning.length > 0 && !isUnnamed(of)
  const noun = own ? meaning : nounOf(words, aggregate, argument)
  const said = own ? meaning.join(' ') : subject
  const how = aggregate === undefined || (own && aggregate === 'sum') ? '' : (WORDS[aggregate] ?? '')
  const what =
    own || argument === undefined || aggregate === 'count'
      ? said
      : `${wordsOf(argument).join(' ')} of ${said}`
  const base = {
    column,
    fold: FOLDS[aggregate ?? ''] ?? ('sum' as const),
    adds: addsUp(of.expression) && rows.every((row) => !row[column]?.startsWith('-')),
  }
  if (of.kind === 'moment') {
    const fold = aggregate === 'min' || aggregate === 'max' ? aggregate : ('none' as const)
    const ends = (own ? meaning : words).filter((word) => !['time', 'timestamp', 'at', 'date'].includes(word))
    return {
      ...base,
      fold,
      adds: false,
      type: 'timestamp',
      name: fitting(ends.length > 0 ? ends : words, 'timestamp', 'seconds'),
      help: sentence(fold === 'min' ? 'earliest' : fold === 'max' ? 'latest' : 'moment of', what),
      expression: (value) => `extract(epoch FROM ${value})`,
    }
  }
  const { unit, expression } = measureOf(of)
  const counts = aggregate === 'count'
  const last = noun.at(-1) ?? 'value'
  return {
    ...base,
    fold: unit === 'ratio' ? 'none' : base.fold,
    type: 'gauge',
    name: fitting(
      counts ? [...noun.slice(0, -1), plural(last)] : noun,
      ...(unit === undefined ? [] : [unit]),
    ),
    help: sentence(how, what, unit === undefined || unit === 'ratio' ? '' : `in ${unit}`),
    expression,
  }
}

/** Whether a column has the name that PostgreSQL gives it by itself. */
function isUnnamed({ name, expression = '' }: StudiedColumn): boolean {
  return name.startsWith('?') || expression.startsWith(`${name}(`)
}

/** Whether the values of an expression for parts of the rows can be added: a count, or a sum. */
function addsUp(expression = ''): boolean {
  const begin = ADDED.exec(expression)?.[0]
  if (begin === undefined) return false
  let depth = 0
  for (let i = begin.length; i < expression.length; i++) {
    if (expression[i] === '(') depth++
    if (expression[i] === ')' && --depth === 0) return AFTER.test(expression.slice(i + 1))
  }
  return false
}

/** The aggregate that a column is, by its expression or its name. */
function aggregateOf({ expression = '', name, kind, stored }: StudiedColumn): string | undefined {
  const found = AGGREGATE.exec(expression)?.[1]?.toLowerCase()
  if (found !== undefined) return found
  const [first = ''] = wordsOf(name)
  return kind === 'number' && !stored && ['count', 'sum', 'avg', 'min', 'max'].includes(first)
    ? first
    : undefined
}

function nounOf(
  words: readonly string[],
  aggregate: string | undefined,
  argument: string | undefined,
): string[] {
  if (aggregate === undefined || aggregate === 'count' || argument === undefined) return [...words]
  const ending = { avg: ['mean'], max: ['max'], min: ['min'] }[aggregate] ?? []
  const meaning = meaningOf(argument)
  const named = meaning.length > 0 || aggregate !== 'sum' ? meaning : ['value']
  return [...words, ...named.filter((word) => !words.includes(word)), ...ending]
}

/** The unit of a column that is a number, and how it becomes that. */
function measureOf({ kind, name, expression = '' }: StudiedColumn): {
  readonly unit: string | undefined
  readonly expression: (value: string) => string
} {
  if (kind === 'duration') return { unit: 'seconds', expression: (value) => `extract(epoch FROM ${value})` }
  if (kind === 'boolean') return { unit: undefined, expression: (value) => `${single(value)}::int` }
  if (kind === 'money') return { unit: undefined, expression: (value) => `${single(value)}::numeric` }
  const unit = unitOf(name) ?? unitOf(`of_${ARGUMENT.exec(expression)?.[1] ?? ''}`)
  if (unit === undefined)
    return {
      unit: SIZE.test(expression) && !/length\(/.test(expression) ? 'bytes' : undefined,
      expression: asIs,
    }
  return {
    unit: unit.base,
    expression: unit.factor === '' ? asIs : (value) => `${single(value)}${unit.factor}`,
  }
}

/** A name that PostgreSQL does not cut: words go before its ending does. */
function fitting(words: readonly string[], ...endings: readonly string[]): string {
  for (let length = words.length; length > 0; length--) {
    const name = metricName(words.slice(0, length), ...endings)
    if (name.length <= LONGEST) return name
  }
  return metricName(['value'], ...endings)
}

function unknown(): never {
  throw new Error('the query has no such column')
}
