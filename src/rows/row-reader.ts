import type { CollectorLabel } from '../contract/collector.ts'
import type { Column } from '../query/client.ts'
import { fieldsOf } from './bytes.ts'
import { NO_VALUE } from './cell-numbers.ts'
import type { Dictionary } from './dictionary.ts'
import { LONGEST_LABEL, readNumber } from './field.ts'
import { itemAt } from './label-set.ts'
import type { Rows } from './rows.ts'

/** The numbers of types in pg_type: https://www.postgresql.org/docs/current/catalog-pg-type.html */
const BOOLEAN = 16
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23, 26])
const FLOATS: ReadonlySet<number> = new Set([700, 701])

/** This many digits are always a safe integer. */
const SAFE_DIGITS = 15
const [MINUS, ZERO, TRUE] = [45, 48, 116]

/** Reads the bytes of a field to a number: NaN where it takes more to tell what that is. */
type Read = (bytes: Buffer, from: number, to: number) => number

/**
 * Puts rows into `Rows` as the server sends them, without making texts and objects of them. A row that has anything else than
 * what most have, such as a label that is not listed, goes the long way: as the fields that the client makes of it.
 */
export class RowReader {
  readonly #rows: Rows
  readonly #columns: readonly Column[]
  /** What reads each column, in the order of these, and where its number goes; undefined when all rows go the long way. */
  readonly #reads: readonly Read[] | undefined
  readonly #places: readonly number[]
  readonly #null: number
  readonly #ids: Uint32Array
  readonly #numbers: Float64Array

  constructor(rows: Rows, columns: readonly Column[]) {
    const { labels, metrics, settle } = rows.collector
    this.#rows = rows
    this.#columns = columns
    this.#null = settle === undefined ? NO_VALUE : 0
    this.#ids = new Uint32Array(labels.length)
    this.#numbers = new Float64Array(metrics.length)
    this.#places = columns.map((_, i) => rows.places.indexOf(i))
    const reads = this.#places.map((place, i) => {
      const column = itemAt(columns, i)
      const dictionary = rows.sets.dictionaries[place]
      if (dictionary !== undefined) return labelReader(column, itemAt(labels, place), dictionary)
      const { type } = itemAt(metrics, place - labels.length)
      return numberReader(column, type)
    })
    this.#reads = reads.every((read) => read !== undefined) ? reads : undefined
  }

  /** Takes a row whose fields begin at `at`; false when it is rejected. */
  add(bytes: Buffer, at: number): boolean {
    if (this.#addQuickly(bytes, at)) return true
    return this.#rows.add(fieldsOf(this.#columns, bytes, at))
  }

  /** Takes a row that has nothing special; false when nothing was done with it. */
  #addQuickly(bytes: Buffer, at: number): boolean {
    const reads = this.#reads
    if (reads === undefined) return false
    let from = at
    for (let i = 0; i < reads.length; i++) {
      const length = bytes.readInt32BE(from)
      from += 4
      const place = itemAt(this.#places, i)
      const isLabel = place < this.#ids.length
      if (length < 0) {
        if (isLabel) return false
        this.#numbers[place - this.#ids.length] = this.#null
        continue
      }
      const number = itemAt(reads, i)(bytes, from, from + length)
      if (Number.isNaN(number)) return false
      if (isLabel) this.#ids[place] = number
      else this.#numbers[place - this.#ids.length] = number
      from += length
    }
    return this.#rows.addNumbers(this.#ids, this.#numbers)
  }
}

/** Returns what reads a label to its id in a dictionary; undefined when the type of its column is of another kind. */
function labelReader(
  { type, parse }: Column,
  { values }: CollectorLabel,
  dictionary: Dictionary,
): Read | undefined {
  const listed = values === undefined ? undefined : new Set(values.map((text) => dictionary.intern(text)))
  if (type === BOOLEAN) {
    const ids = ['false', 'true'].map((text) =>
      (values?.includes(text) ?? true) ? dictionary.intern(text) : Number.NaN,
    )
    return (bytes, from) => itemAt(ids, bytes[from] === TRUE ? 1 : 0)
  }
  if (parse !== undefined && !INTEGERS.has(type)) return undefined
  return (bytes, from, to) => {
    if (to - from > LONGEST_LABEL) return Number.NaN
    const id =
      listed === undefined ? dictionary.internBytes(bytes, from, to) : dictionary.find(bytes, from, to)
    return id !== undefined && (listed?.has(id) ?? true) ? id : Number.NaN
  }
}

/** Returns what reads the value of a metric; undefined when the type of its column, or the metric, is of another kind. */
function numberReader({ type, parse }: Column, metric: string): Read | undefined {
  if (metric === 'histogram') return undefined
  if (parse !== undefined && !INTEGERS.has(type) && !FLOATS.has(type)) return undefined
  const least = metric === 'counter' ? 0 : Number.NEGATIVE_INFINITY
  return (bytes, from, to) => {
    const number = readDigits(bytes, from, to) ?? readNumber(bytes.toString('latin1', from, to)) ?? Number.NaN
    return number < least ? Number.NaN : number
  }
}

/** Reads an integer of a few digits, as most numbers are; undefined when it is anything else. */
function readDigits(bytes: Buffer, from: number, to: number): number | undefined {
  const negative = bytes[from] === MINUS
  const first = negative ? from + 1 : from
  if (to === first || to - first > SAFE_DIGITS) return undefined
  let value = 0
  for (let i = first; i < to; i++) {
    const digit = (bytes[i] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return negative ? -value : value
}
