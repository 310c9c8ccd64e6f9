/**
 * Indents the lines of the text in quotes that a parser did not find the end of, where it stopped: Go's parsers take lines
 * that are not indented more than their key. Blanks at the begin of a line are not part of the text, so that it stays the
 * same. Undefined when the text has no end, or when its lines are indented already.
 */
export function withIndentedText(text: string, stopped: number): string | undefined {
  const begin = beginOf(text, stopped)
  const end = begin === undefined ? undefined : endOf(text, begin)
  if (begin === undefined || end === undefined || end <= stopped) return undefined
  const column = begin - (text.lastIndexOf('\n', begin) + 1)
  const [first = '', ...rest] = text.slice(begin, end).split('\n')
  const lines = rest.map((line) => ' '.repeat(column + 1) + line)
  if (rest.every((line) => line.startsWith(' '.repeat(column + 1)))) return undefined
  return text.slice(0, begin) + [first, ...lines].join('\n') + text.slice(end)
}

/** The quote that begins the text in which a parser stopped. */
function beginOf(text: string, stopped: number): number | undefined {
  for (let at = stopped; at >= 0; at--) {
    const quote = text[at]
    if (quote !== '"' && quote !== "'") continue
    const line = text.lastIndexOf('\n', at - 1) + 1
    const end = endOf(text, at)
    const before = text.slice(line, at).trimEnd().at(-1) ?? ':'
    if (':?,[{-'.includes(before) && end !== undefined && end > stopped) return at
  }
  return undefined
}

/** The index behind the quote that ends a text; undefined when none does. */
function endOf(text: string, begin: number): number | undefined {
  const quote = text[begin]
  for (let at = begin + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] !== quote) continue
    else if (quote === "'" && text[at + 1] === quote) at++
    else return at + 1
  }
  return undefined
}
