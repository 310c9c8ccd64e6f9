import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'
import { TOTAL, things } from './state/things.ts'

async function setUp(t: Test) {
  const database = await createDatabase(t, { schema: false })
  await database.sql`CREATE TABLE things (created timestamptz DEFAULT clock_timestamp())`
  const file = join(t.testdir({ data: {} }), 'data', 'state.json')
  const add = (count: number) =>
    database.sql`INSERT INTO things SELECT clock_timestamp() FROM generate_series(1, ${count})`
  const start = (path = file, env = {}) =>
    startService(t, { DATABASE_URL: database.url, STATE_FILE: path, ...env }, { collectors: [things] })
  return { file, add, start, database }
}

t.test('without STATE_FILE counters start from 0', async (t) => {
  const { add, start } = await setUp(t)
  await add(5)
  const { scrape } = await start('')
  t.equal((await scrape()).get(TOTAL), 0)
})

t.test('a state that ends within STATE_MAX_AGE is caught up with, an hour at a time', async (t) => {
  const { file, add, start, database } = await setUp(t)
  const first = await start()
  await add(5)
  await first.round()
  await first.app.close()
  const saved = JSON.parse(readFileSync(file, 'utf8'))
  const before = new Date(Date.now() - 5 * 3600_000).toISOString().replace('Z', '000Z')
  saved.windows.things.sealedTo = before
  writeFileSync(file, JSON.stringify(saved))
  await database.sql`INSERT INTO things SELECT now() - n * interval '1 minute' FROM generate_series(2, 250) AS n`
  const { scrape } = await start()
  t.equal((await scrape()).get(TOTAL), 5 + 249)
})

t.test('a state file that cannot be written is a warning and a metric, and no more', async (t) => {
  const { file, add, start } = await setUp(t)
  const folder = join(file, '..', 'folder')
  mkdirSync(folder)
  const { scrape, log, round } = await start(join(folder, 'state.json'))
  t.equal((await scrape()).get('collection_state_success'), 1)
  rmSync(folder, { recursive: true })
  await add(5)
  await round()
  const samples = await scrape()
  t.equal(samples.get(TOTAL), 5)
  t.equal(samples.get('collection_state_errors_total'), 1)
  t.equal(samples.get('collection_state_success'), 0)
  t.match(
    log.filter(({ level }) => level === 'warn').map(({ msg }) => msg),
    [/^STATE_FILE cannot be written: ENOENT/],
  )
  t.notOk(existsSync(file))
  mkdirSync(folder)
  await round()
  t.equal((await scrape()).get('collection_state_success'), 1, 'and it is over')
})

t.test(
  'a STATE_FILE in a folder that is not there, or is not a folder, is an error at the start',
  async (t) => {
    const { file, start } = await setUp(t)
    writeFileSync(join(file, '..', 'plain'), '')
    for (const path of [join(file, 'not', 'a.json'), join(file, '..', 'plain', 'a.json')]) {
      await t.rejects(start(path), {
        message: `STATE_FILE is "${path}", in a folder that is not there or may not be entered`,
        advice: /make the folder, or mount it/,
      })
    }
  },
)

/** A file system of a few kilobytes, which only root can make; why there is none otherwise. */
const CANNOT_MOUNT =
  process.getuid?.() === 0 && process.platform === 'linux'
    ? false
    : 'only root on Linux can mount a small disk'

t.test(
  'a full disk is a warning and a metric, and the last state stays whole',
  { skip: CANNOT_MOUNT },
  async (t) => {
    const { add, start } = await setUp(t)
    const disk = mkdtempSync(join(tmpdir(), 'metrics-service-disk-'))
    t.teardown(() => rmdirSync(disk))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk])
    t.teardown(() => execFileSync('umount', [disk]))
    const file = join(disk, 'state.json')
    const first = await start(file)
    const whole = readFileSync(file, 'utf8')
    t.throws(() => writeFileSync(join(disk, 'ballast'), Buffer.alloc(20_000)), { code: 'ENOSPC' })
    await add(5)
    await first.round()
    const samples = await first.scrape()
    t.equal(samples.get(TOTAL), 5)
    t.equal(samples.get('collection_state_errors_total'), 1)
    t.match(
      first.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg),
      [/^STATE_FILE cannot be written: ENOSPC/],
    )
    t.equal(readFileSync(file, 'utf8'), whole)
    await first.app.close()
    const second = await start(file)
    t.equal((await second.scrape()).get(TOTAL), 5)
  },
)
