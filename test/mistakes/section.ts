import { readFileSync } from 'node:fs'

/** Stands before the place that is said. */
const MARK = '‸'
const COLLECTOR = new URL('../../src/collector.ts', import.meta.url).href

/** What is expected of a file: what is said, and how. */
export interface Section {
  readonly name: string
  readonly kind: 'error' | 'warning' | 'load' | 'start' | 'good'
  readonly says: string
  readonly advice: string | undefined
  /** The file, without the mark. */
  readonly source: string
  /** Where the mark was, if there was one. */
  readonly line: number | undefined
  readonly column: number | undefined
}

/** The sections of a text of this folder. */
export function sectionsOf(file: string): readonly Section[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  return text.split(/^=== /m).slice(1).map(sectionOf)
}

function sectionOf(text: string): Section {
  const [head = '', ...rest] = text.split(/^---\n/m)
  const [name = '', ...lines] = head.trimEnd().split('\n')
  const expected = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = rest.join('---\n').trimEnd().replaceAll('NAME', name.replaceAll('-', '_'))
  const whole = body.includes('defineCollector')
  const written = whole
    ? body.replaceAll('COLLECTOR', COLLECTOR)
    : `import { counter, defineCollector, gauge, histogram, open, timestamp } from '${COLLECTOR}'

export default defineCollector({
  name: '${name}',
  ${body.replaceAll('\n', '\n  ')}
})
`
  const kinds = ['error', 'warning', 'load', 'start'] as const
  const kind = kinds.find((kind) => expected.has(kind)) ?? 'good'
  const marked = written.indexOf(MARK)
  const before = written.slice(0, marked).split('\n')
  return {
    name,
    kind,
    says: expected.get(kind) ?? '',
    advice: expected.get('advice'),
    source: written.replace(MARK, ''),
    line: marked < 0 ? undefined : before.length,
    column: marked < 0 ? undefined : (before.at(-1)?.length ?? 0) + 1,
  }
}
