import type { Cell, Cells, Section } from './family.ts'
import { makePart, type Part } from './gzip.ts'
import type { Format } from './syntax.ts'

/** Cells of a part: enough to be worth a compression, few enough to be written again when one of them changes. */
const PART_CELLS = 100
/** Parts that are written before a thread compresses them, while other requests are served. */
const BATCH = 8

/** Cells of a family that follow one another: those of a subject, then those of the next. */
interface Span {
  readonly cells: Cells
  readonly from: number
  readonly to: number
}

/** A part, and the cells that it was written from. */
interface Written {
  readonly read: readonly Cell[]
  readonly part: Part
}

/**
 * The families of the service's own metrics in one format. At each scrape every cell is read, and only parts with a cell
 * that has changed are written and compressed again.
 */
export class Table {
  readonly #parts: readonly (readonly Span[])[]
  #written: readonly Written[] = []

  constructor(sections: readonly Section[], format: Format, created: number | undefined) {
    this.#parts = divide(sections.map((section) => section(format, created)))
  }

  /** Returns the parts as of now, in milliseconds of the monotonic clock. Everything is read when it is called. */
  async parts(now: number): Promise<readonly Part[]> {
    const readings = this.#parts.map((spans, i) => read(spans, now, this.#written[i]?.read))
    const written = [...this.#written]
    const changed = [...readings.keys()].filter((i) => readings[i] !== written[i]?.read)
    for (let first = 0; first < changed.length; first += BATCH) {
      const writing = changed.slice(first, first + BATCH).map(async (i) => {
        const cells = readings[i] ?? []
        written[i] = { read: cells, part: await makePart([write(this.#parts[i] ?? [], cells)]) }
      })
      await Promise.all(writing)
    }
    this.#written = written
    return written.map(({ part }) => part)
  }
}

/** Divides families into parts. A part may have several families, and a family several parts. */
function divide(families: readonly Cells[]): Span[][] {
  const parts: Span[][] = []
  let room = 0
  for (const cells of families) {
    const length = cells.subjects * cells.columns
    let from = 0
    do {
      if (room === 0) {
        parts.push([])
        room = PART_CELLS
      }
      const to = Math.min(from + room, length)
      parts.at(-1)?.push({ cells, from, to })
      room -= to - from
      from = to
    } while (from < length)
  }
  return parts
}

/** Reads the cells of a part. Returns `last`, what was read before, when they are the same. */
function read(spans: readonly Span[], now: number, last: readonly Cell[] | undefined): readonly Cell[] {
  let found: Cell[] | undefined
  let i = 0
  for (const { cells, from, to } of spans) {
    const { columns } = cells
    for (let place = from; place < to; place++, i++) {
      const cell = cells.read(Math.floor(place / columns), place % columns, now)
      if (found === undefined && (last === undefined || cell !== last[i])) found = last?.slice(0, i) ?? []
      found?.push(cell)
    }
  }
  return found ?? last ?? []
}

function write(spans: readonly Span[], read: readonly Cell[]): string {
  let text = ''
  let i = 0
  for (const { cells, from, to } of spans) {
    const { head, columns } = cells
    if (from === 0) text += head
    for (let place = from; place < to; place++, i++) {
      text += cells.lines(Math.floor(place / columns), place % columns, read[i])
    }
  }
  return text
}
