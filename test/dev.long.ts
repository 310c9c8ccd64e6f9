import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../demo/port.ts'
import { createDatabase } from './database.ts'
import { spawnService } from './process.ts'
import { ROOT } from './root.ts'

/** A collector that reads a table which is not there: that it runs shows in the log, by that name. */
const reading = (table: string) => `import { defineCollector, gauge } from '../src/collector.ts'

export default defineCollector({
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql\`SELECT count(*) AS business_things FROM ${table}\`,
})
`

t.test('npm run dev restarts when a collector comes, changes, breaks, is repaired, goes', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const dir = t.testdir({ collectors: {} })
  for (const path of ['src', 'plugins', 'package.json']) {
    cpSync(join(ROOT, path), join(dir, path), { recursive: true })
  }
  const { scripts } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const service = await spawnService(
    t,
    { DATABASE_URL: url, PORT: String(await freePort()) },
    { command: ['sh', '-c', `exec ${scripts.dev}`], cwd: dir },
  )
  // It takes the service with it, which it would not if it were killed.
  t.teardown(async () => {
    service.child.kill('SIGTERM')
    await service.exit
  })
  await service.said('metrics on')
  const file = join(dir, 'collectors/things.ts')
  writeFileSync(file, reading('first'))
  await service.said('relation \\"first\\" does not exist')
  writeFileSync(file, reading('second'))
  await service.said('relation \\"second\\" does not exist')
  writeFileSync(file, 'export default')
  await service.said('metrics-service cannot start')
  writeFileSync(file, reading('third'))
  await service.said('relation \\"third\\" does not exist')
  const page = async () => (await fetch(`${service.url}/metrics`)).text()
  t.match(await page(), 'collector="things"')
  const starts = service.output().split('metrics on').length - 1
  rmSync(file)
  await service.said('metrics on', starts + 1)
  t.notMatch(await page(), 'collector="things"')
})
