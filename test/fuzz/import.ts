import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'acorn'
import fc from 'fast-check'
import { draftCollectors } from '../../import/draft.ts'
import { readKinds } from '../../import/kinds.ts'
import { renderLoss } from '../../import/loss.ts'
import { readFile } from '../../import/read.ts'
import { renderFile } from '../../import/render.ts'
import { Mistake } from '../../src/finding.ts'
import { mutated } from './mutation.ts'
import { fuzz } from './property.ts'

// Configurations of other exporters: each is an error that names a place, or collectors in which no text is code.

const read = (name: string) => readFileSync(new URL(`../import/${name}`, import.meta.url), 'utf8')
const ANCHORS = `things: &things
  query: "SELECT kind, count(*) AS things FROM things GROUP BY kind"
  metrics: &metrics
    - kind: { usage: LABEL, description: Kind. }
    - things: { usage: GAUGE, description: "Things \`of\` \${a} kind." }
others:
  <<: *things
  query: SELECT 1 AS kind, 2 AS things
`
/** Without what names other files: these are the operator's own, and any of his disk. */
const samples = [...['queries.yml', 'server.collector.yml', 'shop.yml'].map(read), ANCHORS].map((text) =>
  text.replaceAll(/^collector_(files|path):.*\n( .*\n)*/gm, ''),
)

/** What the writer writes. */
const WRITTEN = new Set(
  `Program ImportDeclaration ImportSpecifier Identifier Literal ExportDefaultDeclaration CallExpression ObjectExpression
  Property ArrayExpression UnaryExpression ArrowFunctionExpression TaggedTemplateExpression TemplateLiteral TemplateElement
  MemberExpression`.split(/\s+/),
)
const CALLED = new Set(['defineCollector', 'gauge', 'counter', 'histogram', 'open', 'sql.unsafe'])

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** Every node of a syntax tree. */
function nodesOf(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return []
  const below = Object.values(value).flatMap(nodesOf)
  return isNode(value) ? [value, ...below] : below
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string' && 'start' in value && 'end' in value
}

/** Throws when a file has more in it than a collector. */
function checkFile(text: string): void {
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
  const kinds = program.body.map(({ type }) => type).join()
  if (kinds !== 'ImportDeclaration,ExportDefaultDeclaration')
    throw new Error(`the file has ${kinds}\n${text}`)
  for (const node of nodesOf(program)) {
    if (!WRITTEN.has(node.type)) throw new Error(`the file has a ${node.type}\n${text}`)
    if (node.type === 'MemberExpression' && text.slice(node.start, node.end) !== 'sql.unsafe')
      throw new Error(`the file has ${text.slice(node.start, node.end)}\n${text}`)
    if (node.type !== 'CallExpression' || !('callee' in node)) continue
    const [callee] = nodesOf(node.callee)
    const called = callee && text.slice(callee.start, callee.end)
    if (called === undefined || !CALLED.has(called)) throw new Error(`the file calls ${called}\n${text}`)
  }
}

const dir = mkdtempSync(join(tmpdir(), 'metrics-service-fuzz-'))
process.on('exit', () => rmSync(dir, { recursive: true }))
const file = join(dir, 'given.yml')

/** The texts of the collectors of a configuration, as the program writes them. */
function written(): string[] {
  const { readings, losses: unread } = readKinds(readFile(file))
  const { drafts, losses } = draftCollectors(readings.flatMap(({ questions }) => questions))
  for (const loss of [...unread, ...readings.flatMap(({ losses }) => losses), ...losses]) {
    if (!renderLoss(loss).startsWith(file)) throw new Error('a loss names no place', { cause: loss })
  }
  const names = drafts.map(({ name }) => name)
  const bad = names.find((name, i) => !/^[a-z][a-z0-9-]*$/.test(name) || names.indexOf(name) < i)
  if (bad !== undefined) throw new Error(`a collector is named ${bad}`)
  return drafts.map((draft) => renderFile(draft, 'an exporter', '../src/collector.ts'))
}

for (const sample of samples) {
  writeFileSync(file, sample)
  if (written().length === 0) throw new Error('a true configuration is not taken')
}

await fuzz('import', fc.oneof(mutated(samples), mutated(samples, { most: 40 })), (given) => {
  writeFileSync(file, given)
  try {
    for (const text of written()) checkFile(text)
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    if (!error.message.startsWith(file)) throw new Error('an error names no place', { cause: error })
  }
})
