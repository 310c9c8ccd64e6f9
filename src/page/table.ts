import type { Cell, Cells, Section, Subjects } from './family.ts'
import { makePart, type Part } from './gzip.ts'
import { type Look, lookAt } from './look.ts'
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

/** A part, and the cells that it was written from. */
interface Written {
  readonly cells: readonly Cell[]
  readonly part: Part
}

/** What was seen of each kind of subjects, and what was written of it. */
interface Made {
  readonly looks: ReadonlyMap<Subjects<unknown>, Look>
  readonly parts: readonly Written[]
}

/**
 * The families of the service's own metrics in one format. At each scrape every cell is read whose subject may have changed,
 * and only parts with a cell that has changed are written and compressed again.
 */
export class Table {
  readonly #parts: readonly (readonly Span[])[]
  readonly #subjects: ReadonlySet<Subjects<unknown>>
  #last: Made | undefined

  constructor(sections: readonly Section[], format: Format, created: number | undefined) {
    const families = sections.map((section) => section(format, created))
    this.#parts = divide(families)
    this.#subjects = new Set(families.map(({ subjects }) => subjects))
  }

  /** Returns the parts as of now, in milliseconds of the monotonic clock. Everything is read when it is called. */
  async parts(now: number): Promise<readonly Part[]> {
    const last = this.#last
    const looks = new Map(
      Array.from(this.#subjects, (subjects) => [subjects, lookAt(subjects, now, last?.looks.get(subjects))]),
    )
    const readings = this.#parts.map((spans, i) => read(spans, looks, now, last?.parts[i]?.cells))
    const parts: Written[] = []
    const changed: (readonly [number, readonly Cell[]])[] = []
    for (const [i, cells] of readings.entries()) {
      const before = last?.parts[i]
      if (before?.cells === cells) parts[i] = before
      else changed.push([i, cells])
    }
    for (let first = 0; first < changed.length; first += BATCH) {
      const writing = changed.slice(first, first + BATCH).map(async ([i, cells]) => {
        parts[i] = { cells, part: await makePart([write(this.#parts[i] ?? [], cells)]) }
      })
      await Promise.all(writing)
    }
    this.#last = { looks, parts }
    return parts.map(({ part }) => part)
  }
}

/** Divides families into parts. A part may have several families, and a family several parts; a subject is in one. */
function divide(families: readonly Cells[]): Span[][] {
  const parts: Span[][] = []
  let room = 0
  for (const cells of families) {
    const count = cells.subjects.items.length
    let from = 0
    do {
      if (room <= 0) {
        parts.push([])
        room = PART_CELLS
      }
      const to = Math.min(from + Math.ceil(room / cells.columns), count)
      parts.at(-1)?.push({ cells, from, to })
      room -= (to - from) * cells.columns
      from = to
    } while (from < count)
  }
  return parts
}

/** Reads the cells of a part. Returns those of the last time when none of them has changed. */
function read(
  spans: readonly Span[],
  looks: Made['looks'],
  now: number,
  last: readonly Cell[] | undefined,
): readonly Cell[] {
  let found: Cell[] | undefined = last === undefined ? [] : undefined
  let i = 0
  for (const { cells, from, to } of spans) {
    const { columns, subjects } = cells
    const look = looks.get(subjects)
    if (found === undefined && look?.isSame(from, to)) {
      i += (to - from) * columns
      continue
    }
    for (let subject = from; subject < to; subject++) {
      const known = look?.isSame(subject, subject + 1)
      for (let column = 0; column < columns; column++, i++) {
        const cell = known ? last?.[i] : cells.read(subject, column, now)
        if (found === undefined && cell !== last?.[i]) found = last?.slice(0, i)
        found?.push(cell)
      }
    }
  }
  return found ?? last ?? []
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
