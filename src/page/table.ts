import type { Cell, Cells, Section } from './family.ts'
import { makePart, type Part } from './gzip.ts'
import type { Format } from './syntax.ts'

/** Cells of a part: enough to be worth a compression, few enough to be written again when one of them changes. */
const PART_CELLS = 100
/** Parts that are written before a thread compresses them, while other requests are served. */
const BATCH = 8

/** The cells of some subjects of a family, which follow one another. */
interface Span {
  readonly cells: Cells
  readonly from: number
  readonly to: number
}

/** The cells of a part, and what those of each subject follow from. */
interface Reading {
  readonly states: readonly (object | undefined)[]
  readonly cells: readonly Cell[]
}

/** A part, and what it was written from. */
interface Written {
  readonly reading: Reading
  readonly part: Part
}

/**
 * The families of the service's own metrics in one format. At each scrape every cell is read whose state may have changed, and
 * only parts with a cell that has changed are written and compressed again.
 */
export class Table {
  readonly #parts: readonly (readonly Span[])[]
  #written: readonly Written[] = []

  constructor(sections: readonly Section[], format: Format, created: number | undefined) {
    this.#parts = divide(sections.map((section) => section(format, created)))
  }

  /** Returns the parts as of now, in milliseconds of the monotonic clock. Everything is read when it is called. */
  async parts(now: number): Promise<readonly Part[]> {
    const before = this.#written
    const readings = this.#parts.map((spans, i) => read(spans, now, before[i]?.reading))
    const written: Written[] = []
    const changed: (readonly [number, Reading])[] = []
    for (const [i, reading] of readings.entries()) {
      const last = before[i]
      if (last?.reading.cells === reading.cells) written[i] = { reading, part: last.part }
      else changed.push([i, reading])
    }
    for (let first = 0; first < changed.length; first += BATCH) {
      const writing = changed.slice(first, first + BATCH).map(async ([i, reading]) => {
        written[i] = { reading, part: await makePart([write(this.#parts[i] ?? [], reading.cells)]) }
      })
      await Promise.all(writing)
    }
    this.#written = written
    return written.map(({ part }) => part)
  }
}

/** Divides families into parts. A part may have several families, and a family several parts; a subject is in one. */
function divide(families: readonly Cells[]): Span[][] {
  const parts: Span[][] = []
  let room = 0
  for (const cells of families) {
    let from = 0
    do {
      if (room <= 0) {
        parts.push([])
        room = PART_CELLS
      }
      const to = Math.min(from + Math.ceil(room / cells.columns), cells.subjects)
      parts.at(-1)?.push({ cells, from, to })
      room -= (to - from) * cells.columns
      from = to
    } while (from < cells.subjects)
  }
  return parts
}

/** Reads a part. What is returned has the cells of `last`, which was read before, when none of them has changed. */
function read(spans: readonly Span[], now: number, last: Reading | undefined): Reading {
  let states: (object | undefined)[] | undefined
  let found: Cell[] | undefined
  if (last === undefined) [states, found] = [[], []]
  let [place, i] = [0, 0]
  for (const { cells, from, to } of spans) {
    const { columns } = cells
    for (let subject = from; subject < to; subject++, place++) {
      const state = cells.state(subject)
      const before = last?.states[place]
      if (states === undefined && state !== before) states = last?.states.slice(0, place)
      states?.push(state)
      const known = state !== undefined && state === before
      if (known && found === undefined) {
        i += columns
        continue
      }
      for (let column = 0; column < columns; column++, i++) {
        const cell = known ? last?.cells[i] : cells.read(subject, column, now)
        if (found === undefined && cell !== last?.cells[i]) found = last?.cells.slice(0, i)
        found?.push(cell)
      }
    }
  }
  return { states: states ?? last?.states ?? [], cells: found ?? last?.cells ?? [] }
}

function write(spans: readonly Span[], read: readonly Cell[]): string {
  let text = ''
  let i = 0
  for (const { cells, from, to } of spans) {
    if (from === 0) text += cells.head
    for (let subject = from; subject < to; subject++) {
      for (let column = 0; column < cells.columns; column++, i++)
        text += cells.lines(subject, column, read[i])
    }
  }
  return text
}
