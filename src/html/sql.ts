import { codeOf, quietParts } from '../query/code.ts'
import { type Html, html } from './html.ts'

/** The words that are set apart: what begins a clause, and what stands between its parts. */
const KEYWORDS =
  /\b(?:ALL|AND|ANY|AS|ASC|BETWEEN|BY|CASE|CROSS|DESC|DISTINCT|ELSE|END|EXCEPT|EXISTS|FILTER|FIRST|FROM|FULL|GROUP|HAVING|ILIKE|IN|INNER|INTERSECT|INTERVAL|IS|JOIN|LAST|LATERAL|LEFT|LIKE|LIMIT|MATERIALIZED|NOT|NULL|NULLS|OFFSET|ON|OR|ORDER|OUTER|OVER|PARTITION|RECURSIVE|RIGHT|SELECT|THEN|UNION|USING|VALUES|WHEN|WHERE|WINDOW|WITH|WITHIN)\b/gi

/** Renders a statement with its keywords, texts and comments set apart, and without the indentation of its file. */
export function sql(statement: string): Html {
  const text = dedent(statement)
  const pieces: Html[] = []
  let from = 0
  for (const { start, end } of quietParts(text)) {
    pieces.push(...words(text.slice(from, start)))
    const quiet = text.slice(start, end)
    const kind = /^(?:--|\/\*)/.test(quiet) ? 'comment' : quiet.startsWith('"') ? 'name' : 'text'
    pieces.push(html`<span class="q-${kind}">${quiet}</span>`)
    from = end
  }
  return html`${pieces}${words(text.slice(from))}`
}

function words(code: string): Html[] {
  const pieces: Html[] = []
  let from = 0
  for (const { index, 0: word } of code.matchAll(KEYWORDS)) {
    pieces.push(html`${code.slice(from, index)}<b>${word}</b>`)
    from = index + word.length
  }
  return [...pieces, html`${code.slice(from)}`]
}

/** Returns SQL without the indentation that it has in its file. */
export function dedent(statement: string): string {
  const lines = statement
    .replace(/^(?:[^\S\n]*\n)+/, '')
    .trimEnd()
    .split('\n')
  const code = codeOf(lines.join('\n')).split('\n')
  // What follows the backtick is not indented, whatever the lines below are.
  const indents = code.flatMap((line, i) =>
    line.trim() === '' || (i === 0 && /^\S/.test(line)) ? [] : line.search(/\S/),
  )
  const least = indents.length === 0 ? 0 : Math.min(...indents)
  return lines.map((line) => (line.slice(0, least).trim() === '' ? line.slice(least) : line)).join('\n')
}
