import { type Place, placeAt } from '../place.ts'
import { indexesOf } from '../words.ts'

/**
 * Finds what a finding is about in the source of a collector: a field of its definition, or else a column or another word of
 * its query. Undefined when the source does not have that word.
 */
export function placeOfWord(file: string, source: string, word: string): Place | undefined {
  const code = withoutComments(source.replaceAll('\r\n', '\n'))
  const begins = Math.max(code.indexOf('defineCollector('), 0)
  const found = indexesOf(code, word, begins)
  const isField = (at: number) =>
    /^['"]?\s?[:(]/.test(code.slice(at + word.length, at + word.length + 3)) &&
    /[{,\s'"]/.test(code[at - 1] ?? '')
  const isAlias = (at: number) => /\bas\s"?$/i.test(code.slice(Math.max(at - 5, 0), at))
  const index = found.find(isField) ?? found.find(isAlias) ?? found[0] ?? indexesOf(code, word)[0]
  return index === undefined ? undefined : placeAt(file, code, index)
}

/** Blanks for the lines that are comments as a whole. */
function withoutComments(source: string): string {
  return source
    .split('\n')
    .map((line) => (/^(\/\/|\/\*|\*)/.test(line.trimStart()) ? ' '.repeat(line.length) : line))
    .join('\n')
}
