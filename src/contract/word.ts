import { type Place, placeAt } from '../place.ts'

/** Lines that are comments as a whole. */
const COMMENT = /^[ \t]*(?:\/\/.*|\/\*[\s\S]*?\*\/)/gm

/**
 * Finds what a finding is about in the source of a collector: a field of its definition, or else a column or another word of
 * its query. Undefined when the source does not have that word.
 */
export function placeOfWord(file: string, source: string, word: string): Place | undefined {
  const code = source.replaceAll('\r\n', '\n').replaceAll(COMMENT, (text) => text.replaceAll(/[^\n]/g, ' '))
  const begins = Math.max(code.search(/\bdefineCollector\s*[(<]/), 0)
  const escaped = word.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll(' ', '\\s*')
  const whole = `(?<!\\w)${escaped}(?!\\w)`
  const forms = [
    `(?<=[{,\\s]['"]?)${escaped}(?=['"]?\\s*[:(])`,
    `(?<=\\bAS\\s+"?)${escaped}(?![\\w$])`,
    whole,
  ]
  for (const form of forms) {
    const pattern = new RegExp(form, 'g')
    pattern.lastIndex = begins
    const found = pattern.exec(code)
    if (found !== null) return placeAt(file, code, found.index)
  }
  const anywhere = new RegExp(whole).exec(code)
  return anywhere === null ? undefined : placeAt(file, code, anywhere.index)
}
