import fc from 'fast-check'

/** Pieces that mean something to one reader or another. */
const PIECES = [
  '',
  '\0',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  '`',
  '${',
  '{{',
  '}}',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  ',',
  ':',
  ';',
  '-',
  '--',
  '/*',
  '*/',
  '//',
  '#',
  '%',
  '%00',
  '%zz',
  '@',
  '?',
  '&',
  '*',
  '<<',
  '!',
  '|',
  '>',
  '=',
  '=0',
  '0',
  '-1',
  '1e999',
  '9'.repeat(400),
  'NaN',
  'Infinity',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  '$$',
  '$1',
  'é',
  '\u2028',
  '\ud800',
  '\ufeff',
  '😀',
]

/** What is done to a text, or to bytes: at a place, with a length, something is taken away or put in. */
interface Edit {
  readonly at: number
  readonly length: number
  readonly kind: 'delete' | 'insert' | 'replace' | 'repeat' | 'move' | 'cut'
  readonly piece: string
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  length: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 80 })),
  kind: fc.constantFrom('delete', 'insert', 'replace', 'repeat', 'move', 'cut'),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 9 })),
})

/** Texts that come of these, each with at most this many edits. Pieces of `others` are moved into them. */
export function mutated(
  texts: readonly string[],
  { most = 6, others = texts }: { most?: number; others?: readonly string[] } = {},
): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: most }))
    .map(([text, edits]) => edits.reduce((text, edit) => apply(text, edit, others), text))
}

function apply(text: string, { at, length, kind, piece }: Edit, others: readonly string[]): string {
  const from = at % (text.length + 1)
  const to = Math.min(from + length, text.length)
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  switch (kind) {
    case 'delete':
      return before + after
    case 'insert':
      return before + piece + part + after
    case 'replace':
      return before + piece + after
    case 'repeat':
      return before + part.repeat(1 + (at % 50)) + after
    case 'move': {
      const other = others[at % others.length] ?? text
      const start = length % (other.length + 1)
      return before + other.slice(start, start + (at % 200)) + part + after
    }
    case 'cut':
      return before
  }
}
