import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { type Build, check } from '../../../src/check/command.ts'
import { createDatabase } from '../../database.ts'
import { TestIo } from '../../io.ts'
import { folderOf } from './run.ts'

const good = "metrics: { business_good: gauge('Good.') }, query: (sql) => sql`SELECT 1 AS business_good`"

/** Builds the app for a database of its own. */
async function builder(t: Test): Promise<Build> {
  const { url } = await createDatabase(t, { schema: false })
  return (options) => buildApp({ env: { DATABASE_URL: url }, ...options })
}

t.test('a check resolves to its exit code and leaves the process as it was', async (t) => {
  const build = await builder(t)
  const { console } = globalThis
  const signals = () => ['SIGINT', 'SIGTERM'].map((signal) => process.listenerCount(signal))
  const before = signals()
  const folder = folderOf(t, {
    failing: "metrics: { business_bad: gauge('Bad.') }, query: (sql) => sql`SELECT 1 / 0 AS business_bad`",
    noisy: good.replace('=> sql', "=> console.log('noise') ?? sql"),
  })
  for (const [name, code, said] of [
    ['noisy', 0, /^(noise\n)+$/],
    ['failing', 1, /^$/],
  ] as const) {
    const io = new TestIo()
    t.equal(await check(['--no-types', '--folder', folder, name], io, build), code)
    t.match(io.stdout.text, /\n1 collector: /)
    t.match(io.stderr.text, said)
    t.equal(globalThis.console, console)
    t.same(signals(), before)
    t.equal(process.exitCode, undefined)
  }
})

t.test('two checks in one process do not know of each other', async (t) => {
  const build = await builder(t)
  const folder = folderOf(t, { good })
  const [right, wrong] = [new TestIo(), new TestIo()]
  t.equal(await check(['--json', '--no-types', '--folder', folder, 'god'], wrong, build), 2)
  t.equal(await check(['--json', '--no-types', '--folder', folder], right, build), 0)
  t.match(JSON.parse(wrong.stdout.text), { ok: false, collectors: [] })
  t.match(JSON.parse(right.stdout.text), { ok: true, collectors: [{ name: 'good' }] })
})
