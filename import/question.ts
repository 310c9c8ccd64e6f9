import { type Finding, Mistake } from '../src/finding.ts'
import type { Loss, Place } from './loss.ts'
import { Misplaced } from './source.ts'

/** How an exporter writes a moment that is a label: seconds since 1970, RFC 3339, or as PostgreSQL does. */
export type Moments = 'seconds' | 'rfc3339' | 'text'

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
  /** What is joined to the query, as SQL. */
  readonly joined?: string | undefined
  readonly moments: Moments
  /** What the exporter makes of columns that no key lists; undefined when it leaves them out. */
  readonly unlisted?: Unlisted | undefined
  /** Queries of one boolean: unless all are true there are no rows. */
  readonly conditions?: readonly string[]
  /** Milliseconds; every tick when undefined. */
  readonly interval: number | undefined
  /** The names of the databases that it is for; all when undefined. */
  readonly databases?: readonly string[] | undefined
  /** Versions and role of the servers that it is for, as a collector says them. */
  readonly versions?: string | undefined
  readonly role?: 'primary' | 'standby' | undefined
  /** What is carried over in another form. */
  readonly notes: readonly Finding[]
  /** What of it is not carried over. */
  readonly losses: readonly Loss[]
}

interface Unlisted {
  /** The columns that are listed, those included that nothing is made of. */
  readonly listed: readonly string[]
  /** What the metric of a number is called. */
  name(column: string): string
}

export interface QuestionLabel {
  readonly name: string
  /** The column of the query that has its values, or SQL over the columns of `source`. */
  readonly value: Value
  /** All the values that it can have, if these are known. */
  readonly values: readonly string[] | undefined
}

export interface QuestionMetric {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  readonly value: Value
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: readonly number[]
  /** Why it cannot be carried over, if it cannot. */
  readonly obstacle?: Finding
  readonly place: Place
}

/** A column as it is, or SQL over columns. */
export type Value = { readonly column: string } | Expression

interface Expression {
  readonly sql: string
  /** The columns that it needs. */
  readonly needs: readonly string[]
}

/** What a file says, in the words of collectors. */
export interface Reading {
  /** The program that reads the file. */
  readonly program: string
  readonly questions: readonly Question[]
  /** What becomes of no collector. */
  readonly losses: readonly Loss[]
  /** What to set, and what is different for all of them. */
  readonly steps: readonly string[]
  readonly differences: readonly string[]
}

/** The label of a column. */
export function columnLabel(name: string): QuestionLabel {
  return { name, value: { column: name }, values: undefined }
}

/** Reads a part of a file. What of it cannot be understood is a loss, and costs nothing else. */
export function attempt<T>(
  losses: Loss[],
  what: string,
  place: Place,
  read: () => readonly T[],
): readonly T[] {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    const { message, advice } = error
    const isPlaced = error instanceof Misplaced
    losses.push({
      place: isPlaced ? error.place : place,
      what,
      problem: isPlaced ? error.problem : message,
      advice,
    })
    return []
  }
}
