import type { TemplatePlace } from './pieces.ts'

/** What an expression in a template can have braces in that are none of its own: texts and comments. */
const SKIPPED = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const ESCAPE = /\\(`|\$\{)/g

/**
 * Finds a place in a template in the source of its file, by its index there. Undefined when the source does not have that
 * template at its place any more.
 */
export function indexInSource(source: string, { site, text, index }: TemplatePlace): number | undefined {
  const lines = source.split('\n')
  const before = lines.slice(0, site.line - 1).reduce((sum, line) => sum + line.length + 1, 0)
  let at = source.indexOf('`', before + site.column - 1) + 1
  if (at === 0) return undefined
  for (const [i, raw] of site.raw.entries()) {
    const written = source.slice(at, at + raw.length)
    if (written !== raw) return undefined
    const ends = at + raw.length
    if (i === text) return at + rawIndex(raw, index)
    if (!source.startsWith('${', ends)) return undefined
    const next = endOfExpression(source, ends + 2)
    if (next === undefined) return undefined
    at = next
  }
  return undefined
}

/** The index in a text between backticks of a character of the text that it means, which has fewer backslashes. */
function rawIndex(raw: string, index: number): number {
  if (index === Number.POSITIVE_INFINITY) return raw.length
  const escapes = [...raw.matchAll(ESCAPE)]
  let at = index
  for (const { index: escaped } of escapes) if (escaped < at) at++
  return at
}

/** The index behind the brace that ends the expression of a template. */
function endOfExpression(source: string, begins: number): number | undefined {
  let depth = 0
  let at = begins
  while (at < source.length) {
    SKIPPED.lastIndex = at
    const skipped = SKIPPED.exec(source)?.[0].length
    if (skipped !== undefined) {
      at += skipped
      continue
    }
    const character = source[at]
    at++
    if (character === '{') depth++
    else if (character === '}' && depth-- === 0) return at
    else if (character === '`') {
      const next = endOfTemplate(source, at)
      if (next === undefined) return undefined
      at = next
    }
  }
  return undefined
}

/** The index behind the backtick that ends a template. */
function endOfTemplate(source: string, begins: number): number | undefined {
  let at = begins
  while (at < source.length) {
    if (source[at] === '`') return at + 1
    if (source[at] === '\\') at += 2
    else if (source.startsWith('${', at)) {
      const next = endOfExpression(source, at + 2)
      if (next === undefined) return undefined
      at = next
    } else at++
  }
  return undefined
}
