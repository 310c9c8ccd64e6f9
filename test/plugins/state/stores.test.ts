import t, { type Test } from 'tap'
import { createDatabase, type Database } from '../../database.ts'
import { poll } from '../../poll.ts'
import { startService } from '../../service.ts'
import { inFile, inTable, type Kept } from './store.ts'
import { TOTAL, things } from './things.ts'

const STORES: readonly ((t: Test, database: Database) => Kept)[] = [
  (t) => inFile(t),
  (_t, { sql, url }) => inTable(sql, url),
]

for (const store of STORES) {
  const setUp = async (t: Test) => {
    const database = await createDatabase(t, { schema: false })
    await database.sql`CREATE TABLE things (created timestamptz DEFAULT clock_timestamp())`
    const kept = store(t, database)
    const add = (count: number) =>
      database.sql`INSERT INTO things SELECT clock_timestamp() FROM generate_series(1, ${count})`
    const start = (options = {}) =>
      startService(t, { DATABASE_URL: database.url, ...kept.env }, { collectors: [things], ...options })
    const warnings = ({ log }: Awaited<ReturnType<typeof start>>) =>
      log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
    return { kept, add, start, database, warnings }
  }
  const stopped = async (t: Test) => {
    const all = await setUp(t)
    const first = await all.start()
    await all.add(5)
    await first.round()
    t.equal((await first.scrape()).get(TOTAL), 5)
    await first.app.close()
    return all
  }
  const { variable } = store(t, { sql: undefined, url: '' } as never)

  t.test(
    `with ${variable} counters go on after a restart, and what happened meanwhile is counted`,
    async (t) => {
      const { add, start } = await stopped(t)
      await add(3)
      const second = await start()
      t.equal((await second.scrape()).get(TOTAL), 8)
    },
  )

  t.test(`with ${variable} the page shows where the counters stopped before the first round`, async (t) => {
    const { start, database } = await stopped(t)
    const lock = await database.sql.reserve()
    await lock`BEGIN`
    await lock`LOCK TABLE things`
    const second = await start({ start: false })
    await second.database.ticker.start()
    await poll(second.scrape, (samples) => samples.get(TOTAL) === 5)
    await lock`COMMIT`
    lock.release()
    await second.database.round.settled()
    t.equal((await second.scrape()).get(TOTAL), 5)
  })

  for (const [what, damage, says] of [
    ['truncated', (text: string) => text.slice(0, -20), /it is not whole/],
    ['empty', () => '', /it is not whole/],
    ['of something else', () => '{"hello": "world"}', /it is not (a state of this service|of the form)/],
    ['of another form', (text: string) => text.replace('"running"', '"walking"'), /not of the form/],
  ] as const) {
    t.test(`a state in ${variable} that is ${what} is refused, kept and started over`, async (t) => {
      const { kept, start, warnings } = await stopped(t)
      const damaged = damage((await kept.read()) ?? '')
      await kept.write(damaged)
      const second = await start()
      t.equal((await second.scrape()).get(TOTAL), 0)
      t.equal(await kept.rejected(), damaged)
      t.match(warnings(second), [says])
      t.match(await kept.read(), /"running"/, 'a new one is written')
    })
  }

  t.test(`a state in ${variable} of a later version is refused, kept and started over`, async (t) => {
    const { kept, start, warnings } = await stopped(t)
    await kept.later()
    const later = await kept.read()
    const second = await start()
    t.equal((await second.scrape()).get(TOTAL), 0)
    t.equal(await kept.rejected(), later)
    t.match(warnings(second), [/it is of version 2, and this is version 1/])
  })

  t.test(
    `a state in ${variable} that is older than STATE_MAX_AGE is kept, and not gone on from`,
    async (t) => {
      const { kept, add, start, warnings } = await stopped(t)
      const old = (await kept.read())?.replace(/"written":"\d+/, '"written":"2025') ?? ''
      await kept.write(old)
      const second = await start()
      t.equal((await second.scrape()).get(TOTAL), 0)
      t.equal(await poll(kept.rejected, (rejected) => rejected !== undefined), old)
      t.match(warnings(second), [
        new RegExp(
          `^counters start from 0: ${variable} was written at .* more than 24h ago \\(STATE_MAX_AGE\\)`,
        ),
      ])
      await add(2)
      await second.round()
      t.equal((await second.scrape()).get(TOTAL), 2)
    },
  )

  t.test(`a collector whose metrics are not those of ${variable} starts from 0, and says so`, async (t) => {
    const { kept, start, warnings } = await stopped(t)
    const text = (await kept.read()) ?? ''
    await kept.write(text.replaceAll('business_things_total', 'business_others_total'))
    const second = await start()
    t.equal((await second.scrape()).get(TOTAL), 0)
    t.match(warnings(second), [new RegExp(`not those of ${variable}`)])
  })
}
