import { type Collector, type CollectorLabel, OTHER } from '../contract/collector.ts'
import { each, type Sliced } from '../time/slices.ts'
import { readLabel } from './field.ts'
import { itemAt, keyOf } from './label-set.ts'

/** The label sets with the same known labels: the indexes of these, and the texts that they have there. */
interface Pattern {
  readonly known: readonly number[]
  readonly texts: Map<string, readonly string[]>
}

/**
 * The label sets that rejected rows may have had. Such a row has at least one label that nobody can read, so that it may
 * be of any label set that has the others: none of these is known to be 0.
 */
export class UnknownSets {
  /** By the indexes of the known labels, of which there are few combinations. */
  readonly #patterns = new Map<string, Pattern>()

  get isEmpty(): boolean {
    return this.#patterns.size === 0
  }

  /** Adds the label sets that a rejected row may have had. `fields` begins with those of its labels. */
  add({ labels }: Collector, fields: readonly unknown[]): void {
    // Open labels alone are not filled with zeros.
    if (labels.every(({ values }) => values === undefined)) return
    const texts = labels.map((label, i) => possibleText(label, fields[i]))
    if (texts.every((text) => text !== NONE)) this.#add(texts)
  }

  /** Whether one of the rows may have had these labels. */
  has(labels: readonly string[]): boolean {
    for (const { known, texts } of this.#patterns.values()) {
      if (texts.has(keyOf(known.map((i) => itemAt(labels, i))))) return true
    }
    return false
  }

  /** Adds the label sets that these are shown under. */
  *relabel({ labels }: Collector, relabel: (labels: readonly string[]) => readonly string[]): Sliced<void> {
    for (const { known, texts } of [...this.#patterns.values()]) {
      yield* each([...texts.values()], (given) => {
        const set = labels.map((_, i) => given[known.indexOf(i)])
        const shown = relabel(set.map((text) => text ?? ''))
        this.#add(set.map((text, i) => (text === undefined ? undefined : shown[i])))
      })
    }
  }

  #add(texts: readonly (string | undefined)[]): void {
    const known = texts.flatMap((text, i) => (text === undefined ? [] : [i]))
    const pattern = this.#patterns.get(known.join()) ?? { known, texts: new Map() }
    this.#patterns.set(known.join(), pattern)
    const values = texts.filter((text) => text !== undefined)
    pattern.texts.set(keyOf(values), values)
  }
}

/** Stands for a label that no label set of the page has. */
const NONE = Symbol('none')

/** The text that a label has on the page if it is this one; undefined when it may be any. */
function possibleText({ values, other }: CollectorLabel, field: unknown): string | undefined | typeof NONE {
  const text = readLabel(field)
  // A text that is too long is none of those that a label lists.
  if (text === undefined && typeof field !== 'string') return undefined
  if (text !== undefined && (values?.includes(text) ?? true)) return text
  return other ? OTHER : NONE
}
