import { join } from 'node:path'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { check } from '../../../src/check/command.ts'
import { createDatabase } from '../../database.ts'
import { TestIo } from '../../io.ts'
import { ROOT } from '../../root.ts'
import { startService } from '../../service.ts'

// A database of somebody else's, in which nothing is that the shipped collectors ask for.

const folder = join(ROOT, 'collectors')
const SAID =
  /the shipped collectors are an example, and this database has none of their tables — make a folder of your own: npm run init -- my-metrics, and set COLLECTORS_FOLDER/

t.test('the log says once, and /readyz first, what to do', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { app, log, round } = await startService(t, { DATABASE_URL: url }, { folder })
  await round()
  t.equal(log.filter(({ msg }) => SAID.test(msg)).length, 1)
  const { reasons, ready } = app.readiness()
  t.equal(ready, false)
  t.match(reasons[0], SAID)
})

t.test('check says what to do', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const io = new TestIo()
  t.equal(await check([], io, () => buildApp({ env: { DATABASE_URL: url }, folder, logger: false })), 1)
  t.match(io.stdout.text.replaceAll('\n  ', ' — '), SAID)
})

t.test('nothing of the kind is said where one of them has its table', async (t) => {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql`CREATE TABLE connections (provider text, status text, delete_time timestamptz)`
  const { app, log } = await startService(t, { DATABASE_URL: url }, { folder })
  t.notOk(log.some(({ msg }) => SAID.test(msg)))
  t.notMatch(app.readiness().reasons.join('\n'), SAID)
})

t.test('nothing of the kind is said of a folder of others', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const own = t.testdir({
    'things.ts': `import { defineCollector, gauge } from 'metrics-service'
      export default defineCollector({
        name: 'things',
        metrics: { business_things: gauge('Things.') },
        query: (sql) => sql\`SELECT count(*) AS business_things FROM things\`,
      })`,
  })
  const { app } = await startService(t, { DATABASE_URL: url }, { folder: own })
  const { reasons } = app.readiness()
  t.match(reasons, [/^collector things has not succeeded yet: relation "things" does not exist/])
})
