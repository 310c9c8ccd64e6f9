import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../demo/port.ts'
import { createDatabase } from './database.ts'
import { samplesOf } from './exposition.ts'
import { poll } from './poll.ts'
import { spawnService } from './process.ts'
import { ROOT } from './root.ts'

const collector = (help: string) => `import { counter, defineCollector } from '../src/collector.ts'

export default defineCollector({
  name: 'things',
  metrics: { business_things_total: counter('${help}') },
  window: { settle: '0s' },
  query: (sql, { from, to }) => sql\`
    SELECT count(*) AS business_things_total FROM things WHERE made > \${from} AND made <= \${to}\`,
})
`

t.test('npm run dev takes up a collector however it is saved, and never sets a counter back', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE things (made timestamptz)`
  const dir = t.testdir({ collectors: {} })
  for (const path of ['src', 'plugins', 'package.json']) {
    cpSync(join(ROOT, path), join(dir, path), { recursive: true })
  }
  const { scripts } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const service = await spawnService(
    t,
    { DATABASE_URL: url, PORT: String(await freePort()), METRICS_TICK_DURATION: '1s' },
    { command: ['sh', '-c', `exec ${scripts.dev}`], cwd: dir },
  )
  // It takes the service with it, which it would not if it were killed.
  t.teardown(async () => {
    service.child.kill('SIGTERM')
    await service.exit
  })
  await service.said('metrics on')
  const page = async () => (await fetch(`${service.url}/metrics`)).text()
  const file = join(dir, 'collectors/things.ts')
  const beside = join(dir, 'collectors/.things.ts.swp')
  let count = 0
  /** The page has this help, and all that happened. */
  const shows = async (help: string) => {
    await sql`INSERT INTO things VALUES (clock_timestamp())`
    count++
    const text = await poll(
      page,
      (text) =>
        text.includes(`# HELP business_things_total ${help}`) &&
        (samplesOf(text).get('business_things_total') ?? 0) >= count,
    )
    t.equal(samplesOf(text).get('business_things_total'), count, help)
  }
  writeFileSync(file, collector('New.'))
  await poll(page, (text) => /^collector_success\{collector="things"\} 1/m.test(text))
  await shows('New.')
  writeFileSync(file, collector('In place.'))
  await shows('In place.')
  for (const help of ['Renamed.', 'Renamed again.']) {
    writeFileSync(beside, collector(help))
    renameSync(beside, file)
    await shows(help)
  }
  rmSync(file)
  writeFileSync(file, collector('Made anew.'))
  await shows('Made anew.')
  writeFileSync(file, 'export default')
  await service.said('collector not reloaded, and its last version goes on')
  await shows('Made anew.')
  writeFileSync(beside, 'a file that is edited')
  writeFileSync(file, collector('Repaired.'))
  await shows('Repaired.')
  rmSync(file)
  await poll(page, (text) => !text.includes('collector="things"'))
  t.equal(service.output().split('metrics on').length - 1, 1, 'it was never restarted')
})
