/** A call that writes to the log. */
export interface LogCall {
  readonly level: string
  /** Each text that it may write, with `…` in place of what differs from case to case; none when it is no literal. */
  readonly texts: readonly string[]
}

/** Where a call begins, after which its arguments follow; and the text that Fastify logs when a listener is up. */
const CALL = /\b(?:log(?:ger)?|journal)\.(info|warn|error|fatal)\(|\blistenTextResolver\b[^`'"\n]*=>\s*/g

/** The calls in a source text that write to the log at level info or above. */
export function logCalls(source: string): LogCall[] {
  return Array.from(source.matchAll(CALL), (match) => {
    const { 0: start, 1: level, index } = match
    const from = index + start.length
    return level === undefined
      ? { level: 'info', texts: [literalAt(source, from).text] }
      : { level, texts: messages(source, from) }
  })
}

/** The messages among the arguments that begin at a place: literals with a space in them, not inside an object or a call. */
function messages(source: string, from: number): string[] {
  const found: string[] = []
  let depth = 1
  for (let at = from; depth > 0; at++) {
    const char = source[at]
    if (char === undefined) throw new Error(`a call does not end: ${source.slice(from, from + 80)}`)
    if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
    else if (`'"\``.includes(char)) {
      const { text, end } = literalAt(source, at)
      if (depth === 1 && text.includes(' ')) found.push(text)
      at = end
    }
  }
  return found
}

/** The string or template literal that begins at a place, and the place of the quote that ends it. */
function literalAt(source: string, from: number): { text: string; end: number } {
  const quote = source[from]
  let text = ''
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === quote) return { text, end: at }
    if (source[at] === '\\') text += source[++at]
    else if (quote === '`' && source.startsWith('${', at)) {
      at = endOfExpression(source, at + 2)
      text += '…'
    } else text += source[at]
  }
  throw new Error(`a text does not end: ${source.slice(from, from + 80)}`)
}

/** The place of the brace that ends the expression of a template. */
function endOfExpression(source: string, from: number): number {
  let depth = 1
  for (let at = from; at < source.length; at++) {
    const char = source[at] ?? ''
    if (char === '{') depth++
    else if (char === '}' && --depth === 0) return at
    else if (`'"\``.includes(char)) at = literalAt(source, at).end
  }
  throw new Error(`an expression does not end: ${source.slice(from, from + 80)}`)
}
