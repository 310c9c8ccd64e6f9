import type { Finding } from '../src/finding.ts'
import type { Loss } from './loss.ts'
import { columnOf } from './sql.ts'
import type { Place } from './yaml.ts'

/** A query as another exporter asks it, with what it makes of the rows. */
export interface Question {
  /** The name for its collector, as the file has it. */
  readonly name: string
  /** What it is in its file: `metric "orders"`. */
  readonly what: string
  readonly place: Place
  readonly query: string
  readonly labels: readonly QuestionLabel[]
  readonly metrics: readonly QuestionMetric[]
  /** Columns that share one metric. Expressions have them as `measure.name` and `measure.value`. */
  readonly measures: readonly string[]
  /** Milliseconds; every tick when undefined. */
  readonly interval: number | undefined
  /** What is carried over in another form. */
  readonly notes: readonly Finding[]
  /** What of it is not carried over. */
  readonly losses: readonly Loss[]
}

export interface QuestionLabel {
  readonly name: string
  /** SQL over the columns of `source`. */
  readonly expression: string
  /** All the values that it can have, if these are known. */
  readonly values: readonly string[] | undefined
}

export interface QuestionMetric {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'timestamp'
  readonly help: string
  /** SQL over the columns of `source`. */
  readonly expression: string
  /** Why it cannot be carried over, if it cannot. */
  readonly obstacle?: Finding
  readonly place: Place
}

/** What a file says, in the words of collectors. */
export interface Reading {
  /** The program that reads the file. */
  readonly program: string
  readonly questions: readonly Question[]
  /** What becomes of no collector. */
  readonly losses: readonly Loss[]
  /** What to set or to know once, for all of them. */
  readonly advice: readonly string[]
}

/** The label of a column as both exporters read it: any type as text, NULL as the empty text. */
export function columnLabel(name: string): QuestionLabel {
  return { name, expression: `coalesce(${columnOf(name)}::text, '')`, values: undefined }
}
