import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { type Expression, parse } from 'acorn'
import { simple } from 'acorn-walk'
import { check } from 'recheck'
import t from 'tap'
import { ROOT } from './root.ts'

/** Milliseconds for one expression; most take a few. */
const PATIENCE = 60_000
const ATTEMPTS = 4

/** A regular expression of a file; without a source, one that is only known when the code runs. */
interface Regex {
  readonly place: string
  readonly source: string | undefined
  readonly flags: string
}

/** All regular expressions of a text in JavaScript, or in TypeScript. */
function regexesOf(file: string, text: string): Regex[] {
  const found: Regex[] = []
  const code = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text
  const add = (line: number | undefined, source: string | undefined, flags = '') =>
    found.push({ place: `${file}:${line}`, source, flags })
  const made = (line: number | undefined, callee: unknown, [source, flags]: readonly Expression[]) => {
    if (!isNamed(callee, 'RegExp')) return
    // A copy of a literal is the literal, which is found itself.
    if (source !== undefined && isNamed(source) && /^[A-Z_]+$/.test(source.name)) return
    const text = source?.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined
    const given = flags?.type === 'Literal' ? String(flags.value) : ''
    add(line, text, given)
  }
  const plain = (list: readonly { readonly type: string }[]) =>
    list.filter((each): each is Expression => each.type !== 'SpreadElement')
  simple(parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true }), {
    Literal({ regex, loc }) {
      if (regex) add(loc?.start.line, regex.pattern, regex.flags)
    },
    NewExpression: ({ callee, arguments: given, loc }) => made(loc?.start.line, callee, plain(given)),
    CallExpression: ({ callee, arguments: given, loc }) => made(loc?.start.line, callee, plain(given)),
  })
  return found
}

function isNamed(node: unknown, name?: string): node is { readonly name: string } {
  if (typeof node !== 'object' || node === null || !('name' in node)) return false
  return name === undefined || node.name === name
}

/** What is wrong with an expression; undefined if its time follows the length of the text, whatever that is. */
async function complaint({ source, flags }: Regex): Promise<string | undefined> {
  if (source === undefined) return 'nobody can check it: write it as a literal, or search without it'
  let complaint: string | undefined
  // An attack is looked for by chance and by the clock: on a busy machine a false one may be found, but not each time.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { status } = await check(source, flags, { timeout: PATIENCE })
    if (status === 'safe') return undefined
    complaint = status
  }
  return complaint
}

t.test('no regular expression takes longer than the text that it is given is long', async (t) => {
  const files = globSync('{src,plugins,import,demo,collectors}/**/*.{ts,js}', { cwd: ROOT })
  const regexes = files.flatMap((file) => regexesOf(file, readFileSync(join(ROOT, file), 'utf8')))
  t.ok(regexes.length > 50, 'they are found')
  for (const regex of regexes) t.equal(await complaint(regex), undefined, `${regex.place} /${regex.source}/`)
})

for (const [what, text] of [
  ['a run of blanks before what need not come', String.raw`text.replaceAll(/\s*\n\s*/g, ' ')`],
  ['digits that two parts may take', String.raw`const decimal: RegExp = /^\d+\.?\d*x$/`],
  ['an expression of a text', "new RegExp('(a+)+$', 'i').test(text as string)"],
  ['an expression that is made when the code runs', "RegExp('^' + text)"],
] as const) {
  t.test(`${what} is found`, async (t) => {
    const [regex] = regexesOf('attack.ts', text)
    t.ok(regex !== undefined && (await complaint(regex)), text)
  })
}
