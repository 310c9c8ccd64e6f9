import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { counter, defineCollector } from '../../src/collector.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// Another user of the machine, who may write the folder of STATE_FILE; and a state that no service has written.

const counting = (name: string) =>
  defineCollector({
    name,
    metrics: { [`business_${name}_total`]: counter('Things.') },
    window: { settle: '1m' },
    query: (sql, { from, to }) => sql`
      SELECT count(*) AS ${sql(`business_${name}_total`)}
        FROM things
       WHERE created > ${from} AND created <= ${to}`,
  })
const collectors = [counting('things'), counting('others')]

async function setUp(t: Test) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things (created timestamptz DEFAULT clock_timestamp())`
  const dir = t.testdir({ data: {}, victim: 'of somebody else' })
  const folder = join(dir, 'data')
  chmodSync(folder, 0o777)
  const file = join(folder, 'state.json')
  const victim = join(dir, 'victim')
  const add = (count: number) =>
    sql`INSERT INTO things SELECT clock_timestamp() FROM generate_series(1, ${count})`
  const start = () => startService(t, { DATABASE_URL: url, STATE_FILE: file }, { collectors })
  /** Counts five, stops, and changes what it has left behind. */
  const leave = async (change: (text: string) => string) => {
    const first = await start()
    await add(5)
    await first.round()
    await first.app.close()
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  const harmless = () =>
    t.equal(readFileSync(victim, 'utf8'), 'of somebody else', 'nothing went through the link')
  return { file, folder, victim, add, start, leave, harmless }
}

const warnings = (log: readonly { level: string; msg: string }[]) =>
  log.filter(({ level }) => level !== 'info').map(({ msg }) => msg)

t.test('a link in the place of a temporary file is not written through', async (t) => {
  const { file, folder, victim, start, harmless } = await setUp(t)
  symlinkSync(victim, `${file}.tmp`)
  await start()
  harmless()
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(
    readdirSync(folder).filter((name) => name !== 'state.json.tmp'),
    ['state.json'],
    'and no temporary file is left',
  )
})

t.test('a link in the place of the state is neither read nor written through', async (t) => {
  const { file, victim, start, leave, harmless } = await setUp(t)
  await leave((text) => text)
  renameSync(file, `${file}.elsewhere`)
  symlinkSync(victim, file)
  const { log, scrape } = await start()
  harmless()
  t.ok(lstatSync(file).isFile(), 'a file is in its place')
  t.match(warnings(log), [
    /^saved counters not used: STATE_FILE cannot be read; all counters start from 0: it is a symbolic link/,
  ])
  t.equal((await scrape()).get('business_things_total'), 0)
})

t.test('a link in the place of a state that is kept is not written through', async (t) => {
  const { file, victim, start, leave, harmless } = await setUp(t)
  await leave((text) => text.replaceAll(/"written":"\d+/g, '"written":"2025'))
  symlinkSync(victim, `${file}.rejected`)
  await start()
  harmless()
  t.ok(lstatSync(`${file}.rejected`).isFile())
})

t.test('a pipe in the place of the state does not hold up the start', async (t) => {
  const { file, start } = await setUp(t)
  execFileSync('mkfifo', [file])
  const { log } = await start()
  t.match(warnings(log), [
    /^saved counters not used: STATE_FILE cannot be read; all counters start from 0: it is not a regular file/,
  ])
  t.ok(lstatSync(file).isFile())
})

t.test('what a process that was killed left half-written is deleted, and nothing else is', async (t) => {
  const { file, folder, start } = await setUp(t)
  const old = `${file}.01234567-89ab-cdef-0123-456789abcdef.tmp`
  const recent = `${file}.11234567-89ab-cdef-0123-456789abcdef.tmp`
  for (const path of [old, recent, `${file}.copy.tmp`]) writeFileSync(path, 'half')
  for (const path of [old, `${file}.copy.tmp`]) utimesSync(path, 1, 1)
  await start()
  t.notOk(existsSync(old))
  t.same(readdirSync(folder).length, 3, 'what another process writes now, and what is not ours, stays')
})

const total = (value: unknown) => (text: string) => {
  const state = JSON.parse(text)
  state.windows.things.running = [[[], [value], [value]]]
  return JSON.stringify(state)
}
const inFuture = (text: string) => {
  const state = JSON.parse(text)
  for (const field of ['sealedTo', 'since', 'time', 'written'])
    state.windows.things[field] = state.windows.things[field].replace(/^\d+/, '2126')
  return JSON.stringify(state)
}
for (const [what, change, says] of [
  ['a negative total', total(-5), /business_things_total was -5$/],
  ['a negative text', total('-5.5'), /business_things_total was -5.5$/],
  ['a total that is infinite', total('9'.repeat(400)), /business_things_total was Infinity$/],
  [
    'a moment that is to come',
    inFuture,
    /STATE_FILE has counted to 2126-.*, and the clock of the database is at 2/,
  ],
] as const) {
  t.test(`a collector whose state has ${what} starts from 0, and the other goes on`, async (t) => {
    const { file, add, start, leave } = await setUp(t)
    await leave(change)
    const left = readFileSync(file, 'utf8')
    const { scrape, log, round } = await start()
    const [says0, ...more] = warnings(log).filter((msg) => msg.startsWith('counters'))
    t.match(says0, /^counters start from 0: /)
    t.match(says0, says)
    t.same(more, [])
    t.equal(readFileSync(`${file}.rejected`, 'utf8'), left)
    await add(3)
    await round()
    const samples = await scrape()
    t.equal(samples.get('business_things_total'), 3, 'it does not stand still')
    t.equal(samples.get('business_others_total'), 8)
  })
}
