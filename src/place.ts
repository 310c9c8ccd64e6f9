/** A place in a file or, if it has none, in the text of a query. */
export interface Place {
  /** The path of the file; undefined when it is the text that the database got. */
  readonly file: string | undefined
  /** Counted from 1, as an editor does. */
  readonly line: number
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number
  /** The whole line; empty if it is not known. */
  readonly text: string
}

/** The most characters of a line that are shown on each side of the place. */
const SHOWN = 60

/** The place of a character of a text, by its index. */
export function placeAt(file: string | undefined, text: string, index: number): Place {
  const begins = text.lastIndexOf('\n', index - 1) + 1
  const ends = text.indexOf('\n', index)
  return {
    file,
    line: text.slice(0, begins).split('\n').length,
    column: index - begins + 1,
    text: text.slice(begins, ends === -1 ? undefined : ends).replace(/\r$/, ''),
  }
}

/** The place of a line and a column in a text that has them; without its text otherwise. */
export function placeOn(file: string, text: string, line: number, column: number): Place {
  return { file, line, column, text: (text.split('\n')[line - 1] ?? '').replace(/\r$/, '') }
}

/** A place as editors and terminals know it: `FILE:LINE:COLUMN`. */
export function renderPlace({ file, line, column }: Place): string {
  return file === undefined ? `line ${line} of the query, column ${column}` : `${file}:${line}:${column}`
}

/** The line of a place, and below it a caret; a long line is cut on both sides. Empty when the line is not known. */
export function excerptOf({ text, column }: Place): readonly string[] {
  if (text.trim() === '') return []
  const indent = /^\s*/.exec(text)?.[0].length ?? 0
  const at = column - 1
  const begins = Math.max(Math.min(indent, at), at - SHOWN)
  const before = text.slice(begins, at)
  // A tab is as wide below as it is above.
  const caret = `${before.replaceAll(/[^\t]/g, ' ')}^`
  const ends = begins + 2 * SHOWN
  const [start, end] = [begins > indent ? '…' : '', text.length > ends ? '…' : '']
  return [`${start}${text.slice(begins, ends)}${end}`, `${start === '' ? '' : ' '}${caret}`]
}

const places = new WeakMap<Error, Place>()

/** Remembers where an error is; the first place that is said counts. */
export function putPlace(error: Error, place: Place | undefined): void {
  if (place !== undefined && !places.has(error)) places.set(error, place)
}

/** Where an error is, if that was said. */
export function placeOf(error: Error): Place | undefined {
  return places.get(error)
}
