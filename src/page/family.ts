import { braced, createdOf, type Format, headOf, numeral, pairsOf } from './syntax.ts'

export type Labels = Readonly<Record<string, string | number>>

/** The value of a sample, or values with labels of their own; undefined when there is none. */
export type Reading = number | undefined | readonly (readonly [Labels, number])[]

/** One sample of a subject in a family, or some that are of one kind. */
export interface Column<Subject> {
  /** What follows the name of the family, as in those of a histogram. */
  readonly suffix?: string
  /** Labels beside those of the subject. */
  readonly labels?: Labels
  /** Reads what the subject has now; `now` is in milliseconds of the monotonic clock. */
  read(subject: Subject, now: number): Reading
}

/** What families have samples of, such as the collectors on each database. */
export interface Subjects<Subject> {
  readonly items: readonly Subject[]
  /** The labels of each as they are written. */
  readonly pairs: readonly string[]
  /**
   * What alone the samples of a subject follow from, as of `now` in milliseconds of the monotonic clock: they are the same while
   * that is. Without it, they are read each time.
   */
  state?(subject: Subject, now: number): object
}

/** A family of the service's own metrics, with samples of each subject. */
export type Family<Subject> = {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter' | 'histogram'
} & (Column<Subject> | { readonly columns: readonly Column<Subject>[] })

/** What a column has of a subject: a value, or lines that are written already. Equal cells make equal lines. */
export type Cell = number | string | undefined

/** The cells of a family in one format: one for each subject and column, which are given by their places. */
export interface Cells {
  /** The help and the type, with which the family begins. */
  readonly head: string
  readonly subjects: Subjects<unknown>
  /** How many columns there are. */
  readonly columns: number
  read(subject: number, column: number, now: number): Cell
  /** Returns the lines of a cell. */
  lines(subject: number, column: number, cell: Cell): string
}

/** Makes the cells of a format. `created` is when totals started from 0, in seconds since 1970; undefined leaves it out. */
export type Section = (format: Format, created: number | undefined) => Cells

/** Returns the cells of a family. */
export function sectionOf<Subject>(family: Family<Subject>, subjects: Subjects<Subject>): Section {
  const { name, help, type } = family
  const { items, pairs } = subjects
  const columns = 'columns' in family ? family.columns : [family]
  return (format, created) => {
    const tail = createdOf(name, type, format, created)
    const own = columns.map(({ labels = {} }) => pairsOf(labels, format))
    const write = (column: number, labels: string, value: number) => {
      const suffix = columns[column]?.suffix ?? ''
      const line = `${name}${suffix}${braced(labels)} ${numeral(value)}\n`
      // The count is the last sample of a histogram's label set.
      return type === 'counter' || suffix === '_count' ? line + tail(labels) : line
    }
    return {
      head: headOf(name, type, help, format),
      subjects,
      columns: columns.length,
      read(s, c, now) {
        const subject = items[s]
        const reading = subject === undefined ? undefined : columns[c]?.read(subject, now)
        if (typeof reading !== 'object') return reading
        const labels = join(pairs[s], own[c])
        return reading.map(([more, value]) => write(c, join(labels, pairsOf(more, format)), value)).join('')
      },
      lines(s, c, cell) {
        return typeof cell === 'number' ? write(c, join(pairs[s], own[c]), cell) : (cell ?? '')
      },
    }
  }
}

function join(one = '', other = ''): string {
  return one === '' || other === '' ? one + other : `${one},${other}`
}
