import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { counter, defineCollector, gauge, histogram, type Metric, timestamp } from '../../../src/collector.ts'
import type { CollectorMetric } from '../../../src/contract/collector.ts'
import { Dictionary } from '../../../src/rows/dictionary.ts'
import { type Cell, type LabelSet, REJECTED } from '../../../src/rows/label-set.ts'
import { LabelTable } from '../../../src/rows/label-table.ts'

function metricsOf(metrics: readonly Metric[]): readonly CollectorMetric[] {
  const named = Object.fromEntries(metrics.map((metric, i) => [`business_m${i}`, metric]))
  return defineCollector({ name: 'any', metrics: named, query: (sql) => sql`SELECT 1` }).collector.metrics
}

const dictionariesOf = (labels: number) => Array.from({ length: labels }, () => new Dictionary())

/** What a table is to be, in the simplest of words. */
class Model {
  readonly #rows = new Map<string, LabelSet>()

  add(labels: readonly string[], values: readonly Cell[]): boolean {
    const key = JSON.stringify(labels)
    if (this.#rows.has(key)) return false
    this.#rows.set(key, { labels, values })
    return true
  }

  get sets(): LabelSet[] {
    return [...this.#rows.values()]
  }

  cardinality(label: number): number {
    return new Set(this.sets.map(({ labels }) => labels[label])).size
  }
}

/** Texts of which many are equal, and some mean something elsewhere. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40).map((n) => `text ${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '0', '\0', '__proto__', 'constructor', 'other', 'é', '🦀') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
const cell = (value: fc.Arbitrary<Cell>) =>
  fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(undefined, REJECTED) })
const kind = fc.oneof(
  fc.constant({ metric: gauge('A.'), value: cell(number) }),
  fc.constant({ metric: counter('A.'), value: cell(number.map(Math.abs)) }),
  fc.constant({ metric: timestamp('A.'), value: cell(number) }),
  fc.integer({ min: 1, max: 4 }).map((n) => ({
    metric: histogram(
      'A.',
      Array.from({ length: n }, (_, i) => i),
    ),
    value: cell(fc.array(number, { minLength: n + 2, maxLength: n + 2 })),
  })),
)

/** A table's columns, and rows for it. */
const given = (maxLength: number) =>
  fc.tuple(fc.nat(3), fc.array(kind, { minLength: 1, maxLength: 3 })).chain(([labels, kinds]) =>
    fc.record({
      labels: fc.constant(labels),
      metrics: fc.constant(kinds.map(({ metric }) => metric)),
      rows: fc.array(
        fc.tuple(
          fc.array(text, { minLength: labels, maxLength: labels }),
          fc.tuple(...kinds.map(({ value }) => value)),
        ),
        { maxLength, size: 'max' },
      ),
    }),
  )

/** What tells a table from its model; undefined when nothing does. */
function difference(table: LabelTable, model: Model, labels: number): string | undefined {
  if (table.length !== model.sets.length) return `${table.length} rows instead of ${model.sets.length}`
  for (let label = 0; label < labels; label++) {
    if (table.cardinality(label) !== model.cardinality(label))
      return `label ${label} has ${table.cardinality(label)} texts instead of ${model.cardinality(label)}`
  }
  // As deepStrictEqual does, it tells -0 from 0.
  for (let times = 0; times < 2; times++) {
    if (!isDeepStrictEqual([...table], model.sets)) return 'other rows'
  }
  return undefined
}

for (const [size, numRuns] of [
  [40, 500],
  [3000, 40],
] as const) {
  t.test(`a table of up to ${size} rows has what was added first for each label set, in order`, async () => {
    fc.assert(
      fc.property(given(size), ({ labels, metrics, rows }) => {
        const table = new LabelTable(dictionariesOf(labels), metricsOf(metrics))
        const model = new Model()
        for (const [texts, values] of rows) {
          const added = table.add(texts, values)
          if (added !== model.add(texts, values)) throw new Error(`add(${texts}) is ${added}`)
        }
        table.complete()
        const what = difference(table, model, labels)
        if (what !== undefined) throw new Error(what)
        // The next one has the memory of this one, if it takes as much.
        table.drop()
      }),
      { numRuns },
    )
  })
}

t.test('a table can be gone through between two rows, and shows those that it has by then', async () => {
  fc.assert(
    fc.property(given(200), ({ labels, metrics, rows }) => {
      const table = new LabelTable(dictionariesOf(labels), metricsOf(metrics))
      const model = new Model()
      for (const [i, [texts, values]] of rows.entries()) {
        table.add(texts, values)
        model.add(texts, values)
        if (i % 20 === 0 && difference(table, model, labels) !== undefined) return false
      }
      return true
    }),
  )
})

t.test('going through a table twice at once shows each the same', async (t) => {
  const table = new LabelTable(dictionariesOf(1), metricsOf([gauge('A.')]))
  for (let i = 0; i < 300; i++) table.add([`text ${i}`], [i])
  const [one, other] = [table[Symbol.iterator](), table[Symbol.iterator]()]
  for (const expected of table) {
    t.same(one.next().value, expected)
    t.same(other.next().value, expected)
  }
  t.same([one.next().done, other.next().done], [true, true])
})

t.test('what is done to a row that was read leaves the table as it is', async (t) => {
  const table = new LabelTable(dictionariesOf(1), metricsOf([histogram('A.', [1])]))
  table.add(['a'], [[1, 2, 3]])
  for (const { values } of table) (values[0] as number[]).fill(9)
  t.same([...table], [{ labels: ['a'], values: [[1, 2, 3]] }])
})

t.test('a hundred thousand label sets of three labels are told apart', async (t) => {
  const table = new LabelTable(dictionariesOf(3), metricsOf([gauge('A.')]))
  const labelsOf = (i: number) => [`a${i % 10}`, `b${Math.floor(i / 10) % 100}`, `c${Math.floor(i / 1000)}`]
  for (let i = 0; i < 100_000; i++) {
    if (!table.add(labelsOf(i), [i])) t.fail(`${labelsOf(i)} is new`)
  }
  for (let i = 0; i < 100_000; i++) {
    if (table.add(labelsOf(i), [-1])) t.fail(`${labelsOf(i)} is there`)
  }
  t.equal(table.length, 100_000)
  t.same(
    [0, 1, 2].map((label) => table.cardinality(label)),
    [10, 100, 100],
  )
  let i = 0
  for (const { labels, values } of table) {
    if (values[0] !== i || labels.join() !== labelsOf(i).join()) t.fail(`row ${i} is ${labels} ${values}`)
    i++
  }
})

t.test('tables that share dictionaries have nothing else of each other', async () => {
  fc.assert(
    fc.property(given(400), fc.array(fc.boolean()), ({ labels, metrics, rows }, whose) => {
      const dictionaries = dictionariesOf(labels)
      const pair = [0, 1].map(() => ({
        table: new LabelTable(dictionaries, metricsOf(metrics)),
        model: new Model(),
      }))
      for (const [i, [texts, values]] of rows.entries()) {
        const { table, model } = pair[whose[i % whose.length] ? 1 : 0] ?? {}
        if (table?.add(texts, values) !== model?.add(texts, values)) return false
      }
      return pair.every(({ table, model }) => difference(table, model, labels) === undefined)
    }),
    { numRuns: 200 },
  )
})

t.test('a table with the dictionaries of one before it has none of its texts', async () => {
  fc.assert(
    fc.property(given(400), given(400), (before, { labels, metrics, rows }) => {
      const dictionaries = dictionariesOf(3)
      const old = new LabelTable(dictionaries, metricsOf([gauge('A.')]))
      for (const [texts] of before.rows) old.add([...texts, '', '', ''].slice(0, 3), [1])
      const mine = dictionaries.slice(0, labels)
      const table = new LabelTable(mine, metricsOf(metrics))
      const model = new Model()
      for (let label = 0; label < labels; label++) if (table.cardinality(label) !== 0) return false
      for (const [texts, values] of rows) {
        if (table.add(texts, values) !== model.add(texts, values)) return false
      }
      return difference(table, model, labels) === undefined
    }),
    { numRuns: 200 },
  )
})

t.test('a dictionary has each text once, under one id for good', async () => {
  fc.assert(
    fc.property(fc.array(text, { size: 'max', maxLength: 500 }), (texts) => {
      const dictionary = new Dictionary()
      const ids = texts.map((text) => dictionary.intern(text))
      return (
        dictionary.size === new Set(texts).size &&
        new Set(ids).size === dictionary.size &&
        ids.every((id, i) => dictionary.text(id) === texts[i] && dictionary.intern(texts[i] ?? '') === id)
      )
    }),
  )
})

t.test(
  'two tables are equal when they have the same rows in one order, and differ in any one number or text',
  async (t) => {
    const metrics = metricsOf([gauge('A.')])
    const dictionaries = [new Dictionary()]
    const tableOf = (...rows: readonly (readonly [string, Cell])[]) => {
      const table = new LabelTable(dictionaries, metrics)
      for (const [text, cell] of rows) table.add([text], [cell])
      return table
    }
    const table = tableOf(['a', 1], ['b', undefined])
    t.ok(table.equals(tableOf(['a', 1], ['b', undefined])))
    for (const other of [
      tableOf(['a', 1]),
      tableOf(['a', 1], ['b', undefined], ['c', 1]),
      tableOf(['b', undefined], ['a', 1]),
      tableOf(['a', 2], ['b', undefined]),
      tableOf(['a', 1], ['b', REJECTED]),
      tableOf(['a', 1], ['c', undefined]),
      new LabelTable([new Dictionary()], metrics),
    ]) {
      t.notOk(table.equals(other))
    }
    const alone = new LabelTable([new Dictionary()], metrics)
    alone.add(['b'], [1])
    t.notOk(tableOf(['a', 1]).equals(alone), 'the same ids of other dictionaries are other texts')
  },
)
