import { basename, resolve } from 'node:path'
import { nearest } from '../config/nearest.ts'
import { type Finding, findingOf, Mistake } from '../finding.ts'
import { frameOf, pathOf } from '../frame.ts'
import { type Place, placeAt, placeOn } from '../place.ts'
import { indexesOf } from '../words.ts'
import { placeOfWord } from './word.ts'

/** What collector files import from the service. */
const EXPORTS = ['counter', 'defineCollector', 'gauge', 'histogram', 'open', 'timestamp', 'top']

/**
 * Says what is wrong with a collector's file that cannot be loaded, and where. `path` is how people know the file, `source`
 * what is in it. What was thrown comes from Node.js, which knows the line of what it could not read, or from the file or
 * defineCollector, whose line is in the stack. A place in another file, which this one imports, has that file's path.
 */
export function sourceError(error: unknown, path: string, source: string): Finding {
  const finding = findingOf(error)
  if (!(error instanceof Error)) return finding
  const place = finding.place ?? placeIn(error, path, source.replaceAll('\r\n', '\n'))
  const advice = finding.advice ?? adviceFor(error, place)
  return { problem: finding.problem, ...(advice && { advice }), ...(place && { place }) }
}

function placeIn(error: Error, path: string, source: string): Place | undefined {
  const about = error instanceof Mistake ? error.about : undefined
  return (
    (about === undefined ? undefined : placeOfWord(path, source, about)) ??
    placeInHead(error, path, source) ??
    placeOfImport(error, path, source) ??
    placeInStack(error, path, source) ??
    placeOfSecond(error, path, source)
  )
}

/** Node.js writes `PATH:LINE` above the stack of a SyntaxError, then lines of the source with carets below the wrong part. */
function placeInHead({ stack = '' }: Error, path: string, source: string): Place | undefined {
  const [head = '', ...excerpt] = stack.split('\n', 6)
  const colon = head.lastIndexOf(':')
  const [line, file] = [Number(head.slice(colon + 1)), pathOf(head.slice(0, colon))]
  if (!(line > 0) || file?.startsWith('/') !== true) return undefined
  const caret = excerpt.findIndex((text) => text.trim() !== '' && text.replaceAll('^', '').trim() === '')
  const column = caret === -1 ? 1 : (excerpt[caret]?.indexOf('^') ?? 0) + 1
  if (isSame(file, path)) return placeOn(path, source, line, column)
  return { file, line, column, text: excerpt[caret - 1] ?? excerpt[0] ?? '' }
}

/** Node.js names the file that imports something which is not there, and not the line. */
function placeOfImport({ message }: Error, path: string, source: string): Place | undefined {
  const [, missing = '', by = ''] =
    /^Cannot find (?:package|module) '([^']+)' imported from (\S+)/.exec(message) ?? []
  if (missing === '' || !isSame(by, path)) return undefined
  const found = [...source.matchAll(/['"]([^'"\n]+)['"]/g)].find(
    ([, name = '']) =>
      name === missing || name.startsWith(`${missing}/`) || missing.endsWith(name.replace(/^[./]+/, '/')),
  )
  return found === undefined ? undefined : placeAt(path, source, found.index)
}

function placeInStack({ stack = '', message }: Error, path: string, source: string): Place | undefined {
  const frames = stack.split('\n').flatMap((line) => frameOf(line) ?? [])
  const frame = frames.find(({ file }) => isSame(file, path))
  if (frame === undefined) return undefined
  const place = placeOn(path, source, frame.line, frame.column)
  const [, unknown] = /^(\w+) is not defined/.exec(message) ?? []
  // V8 tells the place of the statement, or of the one before, where a name is looked up.
  return unknown === undefined ? place : (wordFrom(source, place, unknown, path) ?? place)
}

function wordFrom(source: string, { line }: Place, word: string, path: string): Place | undefined {
  const begins = source.split('\n', line - 1).reduce((sum, text) => sum + text.length + 1, 0)
  const found = indexesOf(source, word, begins).find(
    (at) => !/['"`.]/.test(source[at - 1] ?? '') && source[at + word.length] !== ':',
  )
  return found === undefined ? undefined : placeAt(path, source, found)
}

/** The second declaration of a name: V8 does not say where it is. */
function placeOfSecond({ message }: Error, path: string, source: string): Place | undefined {
  const [, name] = /^Identifier '(\w+)' has already been declared/.exec(message) ?? []
  if (name === undefined) return undefined
  const declared = indexesOf(source, name).filter((at) =>
    /(const|let|var|function|class) $/.test(source.slice(0, at).slice(-9)),
  )
  const [, second] = declared
  return second === undefined ? undefined : placeAt(path, source, second)
}

function isSame(file: string, path: string): boolean {
  return file === resolve(path) || basename(file) === basename(path)
}

function adviceFor({ message }: Error, place: Place | undefined): string | undefined {
  const [, unknown] = /^(\w+) is not defined/.exec(message) ?? []
  if (unknown !== undefined) {
    const meant = EXPORTS.includes(unknown) ? unknown : nearest(unknown, EXPORTS)
    if (meant === unknown) return `write: import { defineCollector, ${meant} } from 'metrics-service'`
    if (meant !== undefined) return `write: ${meant}`
    if (unknown === 'require' || unknown === 'module' || unknown === 'exports')
      return "write: import { defineCollector, gauge } from 'metrics-service', and export default"
  }
  const [, absent] = /does not provide an export named '(\w+)'/.exec(message) ?? []
  if (absent !== undefined) {
    const meant = nearest(absent, EXPORTS)
    return meant === undefined ? `it has: ${EXPORTS.join(', ')}` : `write: ${meant}`
  }
  if (/is not supported in strip-only mode/.test(message))
    return 'Node.js takes the types out and does no more: write it in JavaScript, such as a list or an object'
  if (/Cannot find package/.test(message))
    return 'install it beside the file, or do without: a collector needs nothing but metrics-service'
  const ticks = place?.text.match(/`/g)?.length ?? 0
  if (/Expected '?[,;)]/.test(message) && ticks > 0)
    return 'a backtick ends the text of a query: SQL writes a name in double quotes'
  if (/Unterminated template|[Uu]nexpected eof/.test(message))
    return 'a backtick or a brace that was opened is not closed'
  return undefined
}
