import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { buildApp } from '../../src/app.ts'
import { check } from '../../src/check/command.ts'
import { defineCollector, gauge } from '../../src/collector.ts'
import { prettyStream } from '../../src/config/pretty.ts'
import { createDatabase } from '../database.ts'
import { TestIo } from '../io.ts'
import { ROOT } from '../root.ts'
import { startService } from '../service.ts'
import { folderOf } from '../src/check/run.ts'

// Somebody who writes what an operator reads on his terminal: it must not obey.

/** Sets the title, the clipboard; goes back over the line; C1's own introducer; text that reads backwards; a line's end. */
const ATTACK = '\x1b]0;pwned\x07\x1b]52;c;cHduZWQ=\x07\rok\x9b2J\x7f\u202egnp\u2066\u2028'
const ESCAPED =
  '\\u001b]0;pwned\\u0007\\u001b]52;c;cHduZWQ=\\u0007\\u000dok\\u009b2J\\u007f\\u202egnp\\u2066\\u2028'
/** As SQL writes it, in a query that itself has none of it. */
const SQL = `'${Array.from(ATTACK, (character) => `\\${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}'`

const collectors = {
  label: `labels: { type: open(5) }, metrics: { business_label: gauge('Things.') },
    query: (sql) => sql\`SELECT U&${SQL} AS type, 1 AS business_label\``,
  cast: `metrics: { business_cast: gauge('Things.') },
    query: (sql) => sql\`SELECT (U&${SQL})::int AS business_cast\``,
}

/** What a terminal would obey: whatever is no character, but for the ends of lines. */
function isHarmless(t: Test, text: string): void {
  const obeyed = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u
  t.notOk(obeyed.test(text), 'nothing that a terminal obeys')
}

t.test('a check writes nothing of a value that a terminal obeys, and its JSON has the value', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const folder = folderOf(t, collectors)
  const run = async (...args: string[]) => {
    const io = new TestIo()
    await check(['--folder', folder, ...args], io, (options) =>
      buildApp({ env: { DATABASE_URL: url }, ...options }),
    )
    isHarmless(t, io.stderr.text)
    isHarmless(t, io.stdout.text)
    return io.stdout.text
  }
  const text = await run('--samples', '5')
  t.ok(text.includes(`business_label{type="${ESCAPED}"} 1`), 'it is escaped')
  t.ok(text.includes(`invalid input syntax for type integer: "${ESCAPED}"`), 'it is escaped')
  const json = JSON.parse(await run('--json', '--samples', '5'))
  t.ok(JSON.stringify(json).includes(JSON.stringify(ATTACK).slice(1, -1)))
})

t.test('no text of a database is a line of the log of its own, nor turned around on a page', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  const forged = '[12:00:00] INFO: all is well'
  await sql.unsafe(`
    CREATE TABLE texts (text text);
    CREATE FUNCTION raise(text text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', text; END $$`)
  await sql`INSERT INTO texts VALUES (${`no\n${forged}\n${ATTACK}`})`
  const raise = defineCollector({
    name: 'raise',
    metrics: { business_raise: gauge('One.') },
    query: (sql) => sql`SELECT raise(text) AS business_raise FROM texts`,
  })
  const port = await freePort()
  const { log } = await startService(
    t,
    { DATABASE_URL: url, DEBUG_PORT: String(port) },
    { collectors: [raise] },
  )
  let text = ''
  const pretty = prettyStream({ write: (line) => (text += line) })
  for (const line of log) pretty.write(JSON.stringify(line))
  isHarmless(t, text)
  const lines = text.trimEnd().split('\n')
  t.equal(lines.filter((line) => line.startsWith('[')).length, log.length, 'a line of the log is one')
  t.match(text, forged)
  for (const path of ['', '/collectors/raise']) {
    const page = await (await fetch(`http://127.0.0.1:${port}/debug${path}`)).text()
    t.match(page, forged)
    t.notMatch(page, /\p{Bidi_Control}/u, path)
  }
})

for (const [what, args, env] of [
  ['the service that cannot start', ['src/server.ts'], { PORT: ATTACK }],
  ['a check that checks nothing', ['src/cli.ts', 'check'], { PORT: ATTACK }],
  ['a command that there is not', ['src/cli.ts', ATTACK], {}],
  ['an option that there is not', ['src/cli.ts', 'check', `--${ATTACK}`], {}],
  ['the demo', ['demo/demo.ts', `--${ATTACK}`], {}],
] as const) {
  t.test(`${what} says nothing that a terminal obeys`, async (t) => {
    const { PATH, NODE_COMPILE_CACHE } = process.env
    const { stdout, stderr, status } = spawnSync('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], {
      cwd: ROOT,
      env: { PATH, NODE_COMPILE_CACHE, DATABASE_URL: 'postgres://127.0.0.1/none', ...env },
      encoding: 'utf8',
    })
    t.ok([1, 2].includes(status ?? 0))
    t.ok((stdout + stderr).includes(ESCAPED.slice(0, 20)), 'it is escaped')
    isHarmless(t, stdout + stderr)
  })
}

t.test('the importer says nothing of a configuration that a terminal obeys', async (t) => {
  const key = ATTACK.replaceAll(/[\p{Cc}]/gu, escapeYaml)
  const column = '{n: {usage: GAUGE, description: d}}'
  const folder = t.testdir({ 'a.yml': `"${key}":\n  query: SELECT 1 AS n\n  metrics: [${column}]\n` })
  const command = ['-u', 'NODE_OPTIONS', process.execPath, 'import/import.ts', join(folder, 'a.yml')]
  const { stdout, stderr } = spawnSync('env', [...command, '--out', join(folder, 'out')], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  t.ok((stdout + stderr).includes('\\u001b]0;pwned'), 'it is escaped')
  isHarmless(t, stdout + stderr)
})

t.test('one function alone writes what people read', async (t) => {
  for (const file of globSync('{src,plugins,import,demo}/**/*.ts', { cwd: ROOT })) {
    if (file === 'src/config/print.ts') continue
    t.notMatch(readFileSync(join(ROOT, file), 'utf8'), /std(out|err)\.write|console\.(log|error|warn)/, file)
  }
})

function escapeYaml(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
