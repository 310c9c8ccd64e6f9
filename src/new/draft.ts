// New: makes a collector of a query. Imports stages before it and the Database only.
import type { Fold } from '../contract/metric.ts'
import { tokensOf } from './select.ts'

/** A label or a metric to be, and the column of the query that it is made of. */
interface DraftColumn {
  /** The place of the column in the query. */
  readonly column: number
  readonly name: string
  /** Writes the SQL of the column, given that of its value. */
  readonly expression: (value: string) => string
}

export interface DraftLabel extends DraftColumn {
  /** The values of a closed label; undefined for an open one. */
  readonly values: readonly string[] | undefined
  /** How many values of an open label have a series. */
  readonly limit: number
}

export interface DraftMetric extends DraftColumn {
  readonly type: 'gauge' | 'counter' | 'timestamp'
  readonly help: string
  readonly fold: Fold
  /** Whether values of several rows, or of several windows, can be added: a count or a sum. */
  readonly adds: boolean
}

/** A collector to be written. */
export interface Draft {
  readonly name: string
  readonly labels: readonly DraftLabel[]
  readonly metrics: readonly DraftMetric[]
  /** Go-style. */
  readonly interval: string | undefined
  /** The column that a window goes by, and its settle, Go-style. */
  readonly window: { readonly column: string; readonly settle: string } | undefined
  /** The database that it is for; undefined for all. */
  readonly database: string | undefined
}

/** A value as it is. */
export const asIs = (value: string): string => value

/** A text in SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** An expression as one term: a column or a call as it is, and anything else in parentheses. */
export function single(value: string): string {
  const outer = tokensOf(value).filter(({ depth }) => depth === 0)
  const path = outer.filter(({ text }) => text !== '(' && text !== ')')
  const isCall = outer.length === path.length || (outer.at(-1)?.text === ')' && outer.at(-2)?.text === '(')
  const isPath = path.every(({ kind, text }, i) =>
    i % 2 === 0 ? kind === 'word' || kind === 'name' : text === '.',
  )
  return isPath && isCall && outer.length - path.length <= 2 && path.length > 0 ? value : `(${value})`
}
