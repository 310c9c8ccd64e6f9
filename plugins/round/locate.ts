// Says of the error of a query where in the collector's file it is, and what to write. Imports src/ only.
import { readFile, realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import { fieldOf } from '../../src/advice.ts'
import { placeOfWord } from '../../src/contract/word.ts'
import { type Finding, isTimeout, Mistake } from '../../src/finding.ts'
import { type Place, placeAt, placeOf, putPlace } from '../../src/place.ts'
import { codeOf } from '../../src/query/code.ts'
import { findInTemplates, type TemplatePlace, type Written } from '../../src/query/pieces.ts'
import { sqlAdvice } from '../../src/query/sql-advice.ts'
import { indexInSource } from '../../src/query/template.ts'
import type { CollectorStatus } from '../../src/round/status.ts'

/** A query that failed: what it was made of, what was sent, and whose it is. */
interface Failed {
  readonly written: Written
  readonly statement: string | undefined
  readonly status: CollectorStatus
}

/** What PostgreSQL says of a text or a value that is in the query itself. */
const OF_QUERY = /^(JSON data, |unnamed portal )/
const DIVISION = '22012'

/**
 * Puts a place on an error for which the server gives a position in the query: in the file where that is written, or
 * else in the text that was sent. What a function in it runs has a text of its own, which is not here.
 */
export async function explainError(error: unknown, failed: Failed): Promise<void> {
  if (!(error instanceof Error) || error instanceof Mistake) return
  const { statement = '' } = failed
  const context = fieldOf(error, 'where')
  const isOfQuery = fieldOf(error, 'internal_query') === undefined && (!context || OF_QUERY.test(context))
  const index = isOfQuery ? indexOf(error, statement) : undefined
  const advice = isOfQuery ? sqlAdvice({ error, statement, index }) : undefined
  if (advice !== undefined && fieldOf(error, 'advice') === undefined) Reflect.set(error, 'advice', advice)
  if (index === undefined) return
  const found = findInTemplates(failed.written, statement, index)
  const { file } = failed.status
  putPlace(error, (found && (await inFile(found, file))) ?? placeAt(undefined, statement, index))
}

function indexOf(error: Error, statement: string): number | undefined {
  const position = Number(fieldOf(error, 'position'))
  // PostgreSQL counts characters, of which some are two in JavaScript.
  if (position > 0) return [...statement].slice(0, position - 1).join('').length
  if (fieldOf(error, 'code') !== DIVISION) return undefined
  // When the query runs it has no positions any more. If it divides in one place only, it is that.
  const [only, second] = [...codeOf(statement).matchAll(/[/%]/g)]
  return second === undefined ? only?.index : undefined
}

/** Puts a place on an error that has none and is about a word in the collector's file. */
export async function placeError(error: unknown, status: CollectorStatus): Promise<void> {
  if (!(error instanceof Error) || placeOf(error) !== undefined) return
  const { place } = await placed({ problem: error.message, about: wordOf(error, status) }, status)
  putPlace(error, place)
}

/** Adds to a finding about a word in the collector's file the place of that. */
export async function placed<Found extends Finding>(
  finding: Found,
  { file }: CollectorStatus,
): Promise<Found & Pick<Finding, 'place'>> {
  const { about, place } = finding
  if (about === undefined || place !== undefined || file === undefined) return finding
  const source = await readFile(file, 'utf8').catch(() => '')
  const found = placeOfWord(file, source, about)
  return found === undefined ? finding : { ...finding, place: found }
}

function wordOf(error: Error, { collector }: CollectorStatus): string | undefined {
  if (isTimeout(error)) return collector.timeout === undefined ? 'query' : 'timeout'
  if (error instanceof Mistake) return error.about
  const [, denied] = /^permission denied for [a-z ]+ "?([\w$]+)"?$/.exec(error.message) ?? []
  if (denied !== undefined) return denied
  // What the server says of the statement as a whole, and what the client does of its values.
  return fieldOf(error, 'severity') !== undefined || fieldOf(error, 'code') === 'UNDEFINED_VALUE'
    ? 'query'
    : undefined
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
