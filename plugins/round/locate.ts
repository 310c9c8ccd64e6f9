// Finds where in a collector's file an error of its query is. Imports src/ only.
import { readFile, realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import { fieldOf } from '../../src/advice.ts'
import { type Place, placeAt, putPlace } from '../../src/place.ts'
import { findInTemplates, type TemplatePlace, type Written } from '../../src/query/pieces.ts'
import { indexInSource } from '../../src/query/template.ts'

/** A query that failed: what it was made of, what was sent, and the path of its collector's file. */
interface Failed {
  readonly written: Written
  readonly statement: string | undefined
  readonly file: string | undefined
}

/** What PostgreSQL says where about a text that is in the query itself. */
const OF_QUERY = /^JSON data, /

/**
 * Puts the place on an error for which the server gives a position in the query: in the file where that is written, or
 * else in the text that was sent. What a function in it runs has a text of its own, which is not here.
 */
export async function locate(error: unknown, failed: Failed): Promise<void> {
  if (!(error instanceof Error) || failed.statement === undefined) return
  const { statement } = failed
  const position = Number(fieldOf(error, 'position'))
  const context = fieldOf(error, 'where')
  if (!(position > 0) || fieldOf(error, 'internal_query') !== undefined) return
  if (context !== undefined && !OF_QUERY.test(context)) return
  // PostgreSQL counts characters, of which some are two in JavaScript.
  const index = [...statement].slice(0, position - 1).join('').length
  const found = findInTemplates(failed.written, statement, index)
  putPlace(error, (found && (await inFile(found, failed.file))) ?? placeAt(undefined, statement, index))
}

async function inFile(found: TemplatePlace, file: string | undefined): Promise<Place | undefined> {
  const source = await readFile(found.site.file, 'utf8').catch(() => undefined)
  if (source === undefined) return undefined
  const text = source.replaceAll('\r\n', '\n')
  const index = indexInSource(text, found)
  return index === undefined ? undefined : placeAt(await shown(found.site.file, file), text, index)
}

/** A path as people know it: that of the collector's file if it is a link to it, or relative to the working directory. */
async function shown(path: string, file: string | undefined): Promise<string> {
  if (file !== undefined && (await realpath(file).catch(() => undefined)) === path) return file
  const short = relative('', path)
  return short.startsWith('..') ? path : short
}
