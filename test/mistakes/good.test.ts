import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'
import { sectionsOf } from './section.ts'
import { createShop, folderOf, reportsOn } from './shop.ts'

const good = sectionsOf('good.txt')

t.test(
  'check has nothing to say of a collector that means what it says, and the service runs it',
  async (t) => {
    const url = await createShop(t)
    const folder = folderOf(t, good)
    const reports = await reportsOn(url, folder)
    t.equal(reports.size, good.length)
    t.ok(good.length >= 30)
    for (const { name } of good) {
      const { errors, warnings } = reports.get(name) ?? {}
      t.same({ errors, warnings }, { errors: [], warnings: [] }, name)
    }
    const { scrape } = await startService(t, { DATABASE_URL: url }, { folder })
    const page = await scrape()
    for (const { name } of good) t.equal(page.get(`collector_success{collector="${name}"}`), 1, name)
  },
)

t.test('check has nothing to say of the cookbook', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(readFileSync(new URL('../../cookbook/schema.sql', import.meta.url), 'utf8'))
  const reports = await reportsOn(url, fileURLToPath(new URL('../../cookbook', import.meta.url)))
  t.ok(reports.size > 10)
  for (const [name, { errors, warnings }] of reports)
    t.same({ errors, warnings }, { errors: [], warnings: [] }, name)
})

t.test('a window goes back over the time that is asked for', async (t) => {
  const url = await createShop(t)
  const folder = folderOf(t, good)
  const { window, run } =
    (await reportsOn(url, folder, '--since', '24h', 'windowed-orders')).get('windowed-orders') ?? {}
  t.equal(Date.parse(window?.to ?? '') - Date.parse(window?.from ?? ''), 86_400_000)
  t.equal(run?.rows, 3)
})

t.test('a path names the collector of its file', async (t) => {
  const url = await createShop(t)
  const folder = folderOf(t, good)
  const reports = await reportsOn(url, folder, `${folder}/jsonb.ts`)
  t.same([...reports.keys()], ['jsonb'])
})
