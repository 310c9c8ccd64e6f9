import type { CollectorMetric } from '../contract/collector.ts'
import { cellAt, NO_VALUE, numbersOf } from './cell-numbers.ts'
import type { Dictionary } from './dictionary.ts'
import { LabelColumn } from './label-column.ts'
import { type Cell, itemAt, type LabelSet, type LabelSets, seriesOfMetric } from './label-set.ts'
import { numberAt } from './numbers.ts'
import { Spare } from './spare.ts'

/** How many label sets a new table has room for. */
const FIRST = 64
const NONE = new Uint32Array()
const SPARE = {
  ids: new Spare<Uint32Array>(),
  values: new Spare<Float64Array>(),
  slots: new Spare<Uint32Array>(),
}

/**
 * Label sets with different labels, in columns of numbers: a hundred thousand of them as objects would take ten times
 * the memory, and collecting that garbage would take longer than the query.
 */
export class LabelTable implements LabelSets {
  /** How many series a value of each metric makes. */
  readonly #series: readonly number[]
  /** How many numbers the value of each metric takes. */
  readonly #widths: readonly number[]
  /** Where the value of each metric begins among those of its label set. */
  readonly #offsets: readonly number[]
  readonly #width: number
  readonly #columns: readonly LabelColumn[]
  /** The ids of the labels of each label set. */
  #ids: Uint32Array
  /** The values of each label set, the parts of a histogram one after the other. */
  #values: Float64Array
  /** A hash table with open addressing, at most half full: the number of a label set, from 1, or 0 for a free slot. */
  #slots: Uint32Array
  #length = 0
  /** How many series the label sets make on the page. */
  series = 0

  /** `dictionaries` has one for each label. */
  constructor(dictionaries: readonly Dictionary[], metrics: readonly CollectorMetric[]) {
    this.#series = metrics.map(seriesOfMetric)
    this.#widths = metrics.map(({ type, buckets }) => (type === 'histogram' ? buckets.length + 2 : 1))
    this.#offsets = this.#widths.map((_, i) =>
      this.#widths.slice(0, i).reduce((sum, width) => sum + width, 0),
    )
    this.#width = this.#widths.reduce((sum, width) => sum + width, 0)
    this.#columns = dictionaries.map((dictionary) => new LabelColumn(dictionary))
    // Most runs find what the one before found.
    const most = Math.max(FIRST, ...dictionaries.map(({ size }) => size))
    const room = 2 ** Math.ceil(Math.log2(most + 1))
    const [ids, values, slots] = [room * dictionaries.length, room * this.#width, room * 2]
    this.#ids = SPARE.ids.take(ids) ?? new Uint32Array(ids)
    this.#values = SPARE.values.take(values) ?? new Float64Array(values)
    this.#slots = SPARE.slots.take(slots)?.fill(0) ?? new Uint32Array(slots)
  }

  get length(): number {
    return this.#length
  }

  /** Takes no more label sets. */
  complete(): void {
    SPARE.slots.give(this.#slots)
    this.#slots = NONE
  }

  /** Has no label sets any more: nobody reads it, and the next one may have its memory. */
  drop(): void {
    this.complete()
    SPARE.ids.give(this.#ids)
    SPARE.values.give(this.#values)
    this.#ids = NONE
    this.#values = new Float64Array()
    this.#length = 0
  }

  /** How many different values a label has. */
  cardinality(label: number): number {
    return itemAt(this.#columns, label).cardinality
  }

  /** Adds a label set; false when the table has one with these labels. */
  add(labels: readonly string[], values: readonly Cell[]): boolean {
    const ids = labels.map((text, i) => itemAt(this.#columns, i).dictionary.intern(text))
    return this.addNumbers(
      ids,
      values.flatMap((value, i) => numbersOf(value, itemAt(this.#widths, i))),
    )
  }

  /**
   * Adds a label set by the ids of its labels, in their dictionaries, and the numbers of its values; false when the table has
   * one with these labels.
   */
  addNumbers(ids: ArrayLike<number>, numbers: ArrayLike<number>): boolean {
    if (this.#length * 2 === this.#slots.length) this.#grow()
    // One by one: for a few numbers that takes less than `set`.
    const row = this.#length * this.#columns.length
    for (let i = 0; i < this.#columns.length; i++) this.#ids[row + i] = ids[i] ?? 0
    const slot = this.#slotOf(this.#length)
    if (this.#slots[slot] !== 0) return false
    for (let i = 0; i < this.#columns.length; i++) itemAt(this.#columns, i).add(ids[i] ?? 0)
    const values = this.#length * this.#width
    for (let i = 0; i < this.#width; i++) this.#values[values + i] = numbers[i] ?? NO_VALUE
    for (let i = 0; i < this.#offsets.length; i++)
      if (Number.isFinite(numbers[itemAt(this.#offsets, i)])) this.series += itemAt(this.#series, i)
    this.#length++
    this.#slots[slot] = this.#length
    return true
  }

  /** Returns whether another table has the same label sets in the same order, with the same values. */
  equals(other: LabelTable): boolean {
    return (
      this.#length === other.#length &&
      this.#columns.length === other.#columns.length &&
      this.#width === other.#width &&
      this.#columns.every(({ dictionary }, i) => dictionary === other.#columns[i]?.dictionary) &&
      areEqual(this.#ids, other.#ids, this.#length * this.#columns.length) &&
      areEqual(this.#values, other.#values, this.#length * this.#width)
    )
  }

  /** The dictionary of each label. */
  get dictionaries(): readonly Dictionary[] {
    return this.#columns.map(({ dictionary }) => dictionary)
  }

  /** The id of a label of a row. */
  id(row: number, label: number): number {
    return numberAt(this.#ids, row * this.#columns.length + label)
  }

  /** The value of the metric at an index, which is no histogram, in a row; undefined where it has no sample. */
  number(row: number, metric: number): number | undefined {
    const value = numberAt(this.#values, row * this.#width + itemAt(this.#offsets, metric))
    return Number.isFinite(value) ? value : undefined
  }

  *[Symbol.iterator](): Generator<LabelSet, undefined> {
    let label = 0
    let from = 0
    for (let row = 0; row < this.#length; row++) {
      const labels: string[] = []
      for (const column of this.#columns) labels.push(column.dictionary.text(numberAt(this.#ids, label++)))
      const values: Cell[] = []
      for (const width of this.#widths) {
        values.push(cellAt(this.#values, from, width))
        from += width
      }
      yield { labels, values }
    }
  }

  /** The slot of the row, or of another with the same labels, or a free one for it. */
  #slotOf(row: number): number {
    const width = this.#columns.length
    const mask = this.#slots.length - 1
    let hash = 0
    for (let i = 0; i < width; i++) hash = Math.imul(hash ^ numberAt(this.#ids, row * width + i), 0x9e3779b1)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const other = numberAt(this.#slots, slot)
      if (other === 0 || this.#haveSameLabels(row, other - 1)) return slot
      slot = (slot + 1) & mask
    }
  }

  #haveSameLabels(a: number, b: number): boolean {
    const width = this.#columns.length
    for (let i = 0; i < width; i++) {
      if (this.#ids[a * width + i] !== this.#ids[b * width + i]) return false
    }
    return true
  }

  #grow(): void {
    const [ids, values] = [this.#ids, this.#values]
    this.#ids = new Uint32Array(ids.length * 2)
    this.#ids.set(ids)
    this.#values = new Float64Array(values.length * 2)
    this.#values.set(values)
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let row = 0; row < this.#length; row++) this.#slots[this.#slotOf(row)] = row + 1
  }
}

/** Whether two lists of numbers begin with the same bytes. */
function areEqual(a: Uint32Array | Float64Array, b: Uint32Array | Float64Array, length: number): boolean {
  const bytesOf = ({ buffer, byteOffset, BYTES_PER_ELEMENT }: typeof a) =>
    Buffer.from(buffer, byteOffset, length * BYTES_PER_ELEMENT)
  return bytesOf(a).equals(bytesOf(b))
}
