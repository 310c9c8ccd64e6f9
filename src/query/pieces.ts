import { type Site, siteOf } from './site.ts'
import { isQuery } from './stream.ts'

/** A place in a template: a character of one of its texts. One past the end is the `${` that follows. */
export interface TemplatePlace {
  readonly site: Site
  readonly text: number
  readonly index: number
}

/** A part of a statement: a text of a template, or what the client makes of a value, which is known only when it is sent. */
interface Piece {
  readonly text: string | undefined
  /** The template that it is of; for what comes from a value, where that is put in. */
  readonly site: Site | undefined
  readonly number: number
  /** Whether `text` is a text of the site. */
  readonly own: boolean
}

/** The texts of a query and the values between them, as they were before it was sent. */
export interface Written {
  readonly strings: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * Finds a character of a statement in the templates that the statement was made of. Undefined when the statement is of
 * something else.
 */
export function findInTemplates(
  written: Written,
  statement: string,
  index: number,
): TemplatePlace | undefined {
  let at = 0
  let unknown: Piece | undefined
  for (const piece of piecesOf(written, undefined)) {
    if (piece.text === undefined) {
      unknown ??= piece
      continue
    }
    if (piece.text === '') continue
    const begins = unknown === undefined ? at : statement.indexOf(piece.text, at)
    if (!statement.startsWith(piece.text, begins) || begins < 0) return undefined
    if (unknown !== undefined && index < begins) return placeIn(unknown, 0)
    at = begins + piece.text.length
    unknown = undefined
    if (index < at) return placeIn(piece, index - begins)
    // At the end of the statement, such as where a word is missing.
    if (index === statement.length && at === index) return placeIn(piece, index - begins)
  }
  return unknown === undefined ? undefined : placeIn(unknown, 0)
}

function placeIn({ site, number, own, text = '' }: Piece, index: number): TemplatePlace | undefined {
  if (site === undefined) return undefined
  return own
    ? { site, text: number, index: Math.min(index, text.length) }
    : { site, text: number, index: Number.POSITIVE_INFINITY }
}

function* piecesOf({ strings, values }: Written, around: Omit<Piece, 'text'> | undefined): Generator<Piece> {
  const site = siteOf(strings)
  for (const [number, text] of strings.entries()) {
    const piece = site === undefined ? (around ?? { site, number, own: false }) : { site, number, own: true }
    yield { ...piece, text }
    if (number < strings.length - 1) yield* partsOf(values[number], { ...piece, own: false })
  }
}

function* partsOf(value: unknown, around: Omit<Piece, 'text'>): Generator<Piece> {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!isQuery(list[0])) return yield { ...around, text: undefined }
  for (const query of list) {
    // The client puts a space before each fragment of a list.
    if (Array.isArray(value)) yield { ...around, text: ' ' }
    if (isQuery(query)) yield* piecesOf({ strings: query.strings, values: query.args }, around)
  }
}
