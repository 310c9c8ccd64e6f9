import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgresJs from 'postgres'
import t from 'tap'
import { startPostgres } from '../../demo/postgres.ts'
import { counter, defineCollector, gauge, histogram, open } from '../../src/collector.ts'
import { createFakeClock } from '../fake-clock.ts'
import { client } from '../faults/server.ts'
import { createStandby } from '../faults/standby.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

/** Another SEED makes other choices: a longer search is done by hand. */
const SEED = Number(process.env.SEED ?? 1)
const ROUNDS = Number(process.env.ROUNDS ?? 120)
/** Milliseconds that rows may be committed after their own moment. */
const SETTLE = 1500
const BOUNDS = [0.25, 0.5, 1]

const TABLE = `
  CREATE TABLE events (kind text, seconds float8, happened timestamptz DEFAULT clock_timestamp());
  CREATE INDEX ON events (happened);
  CREATE TABLE weather (id int, fine int, slow float8);
  INSERT INTO weather VALUES (1, 1, 0);
  INSERT INTO events (kind, seconds) SELECT 'a', 0.1 FROM generate_series(1, 9)`

const events = defineCollector({
  name: 'events',
  labels: { kind: open(3) },
  metrics: {
    business_events_total: counter('Events.'),
    business_event_seconds: histogram('Seconds.', BOUNDS),
  },
  timeout: '1s',
  window: { settle: `${SETTLE}ms` },
  query: (sql, { from, to, observe }) => sql`
    WITH hindrance AS MATERIALIZED (SELECT 1 / fine AS fine, pg_sleep(slow) FROM weather)
    SELECT kind, count(*) AS business_events_total, ${observe('business_event_seconds', sql`seconds`)}
      FROM events, hindrance
     WHERE happened > ${from} AND happened <= ${to}
     GROUP BY kind`,
})
const rows = defineCollector({
  name: 'rows',
  metrics: { business_rows: gauge('Rows.') },
  query: (sql) => sql`SELECT count(*) AS business_rows FROM events`,
})

/** Numbers from 0 to 1, the same for the same seed: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Sums of the samples of the counter and of the histogram over their kinds, by name and bound. */
function sums(samples: ReadonlyMap<string, number>): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [name, value] of samples) {
    const [, family, bound = ''] = /^(business_event\w+)\{(?:.*,)?(?:le="(.*)")?/.exec(name) ?? []
    if (family !== undefined) sums[family + bound] = (sums[family + bound] ?? 0) + Math.round(value * 1000)
  }
  return sums
}

t.setTimeout(300_000)
t.test(
  'counters are exact over lag, other endpoints, failures, timeouts, restarts, clock jumps, NULL and NaN at once',
  { skip: lacks('faketime', 'faketime') },
  async (t) => {
    t.comment(`SEED=${SEED}`)
    const chance = chanceOf(SEED)
    const among = <Item>(items: readonly Item[]): Item => items[Math.floor(chance() * items.length)] as Item
    const clock = createFakeClock(t)
    const primary = await startPostgres({ env: clock.env })
    t.teardown(() => primary.destroy())
    const setUp = client(t, primary.url)
    await setUp.unsafe(TABLE)
    await setUp.end()
    const standby = await createStandby(t, primary, clock.env)
    const sql = postgresJs(primary.url, { max: 6, onnotice: () => {} })
    t.teardown(() => sql.end({ timeout: 0 }))
    const { password } = new URL(primary.url)
    const onStandby = async (statement: string) => {
      const other = client(t, standby.url.replace(new URL(standby.url).password, password))
      await other.unsafe(statement)
      await other.end()
    }
    const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`).join()
    const env = {
      DATABASE_URL: `${primary.url.replace(new URL(primary.url).host, hosts)}?connect_timeout=2`,
      DATABASE_MAX_LAG: '3s',
      DATABASE_QUORUM: '1',
      STATE_FILE: join(t.testdir({}), 'state.json'),
    }
    const start = () => startService(t, env, { collectors: [events, rows] })
    let service = await start()

    let jumped = false
    const write = (sql: typeof setUp) => sql`
      INSERT INTO events (kind, seconds)
      SELECT (ARRAY['a', 'b', 'c', 'd', 'e'])[1 + floor(random() * 5)],
             (ARRAY[0.1, 0.25, 0.7, 2, NULL, 'NaN'])[1 + floor(random() * 6)]
        FROM generate_series(1, 1 + (random() * 4)::int)`
    const late: (() => Promise<void>)[] = []
    const begin = async () => {
      const transaction = await sql.reserve()
      await transaction`BEGIN`
      await write(transaction as never)
      const begun = performance.now()
      late.push(async () => {
        // A slow machine may have made its rows too old.
        await transaction.unsafe(performance.now() - begun < SETTLE / 2 ? 'COMMIT' : 'ROLLBACK')
        transaction.release()
      })
    }
    const endLate = async () => {
      await Promise.all(late.splice(0).map((end) => end()))
    }
    let standbyIsUp = true
    const faults: Record<string, () => unknown> = {
      write: () => jumped || write(sql as never),
      late: () => jumped || late.length > 3 || begin(),
      commit: endLate,
      pause: () => standbyIsUp && onStandby('SELECT pg_wal_replay_pause()'),
      resume: () => standbyIsUp && onStandby('SELECT pg_wal_replay_resume()'),
      async standby() {
        if (standbyIsUp) await standby.stop(among(['fast', 'immediate']))
        else await standby.start()
        standbyIsUp = !standbyIsUp
      },
      fails: () => sql`UPDATE weather SET fine = 0`,
      slow: () => sql`UPDATE weather SET slow = ${among([0.4, 3])}`,
      fine: () => sql`UPDATE weather SET fine = 1, slow = 0`,
      terminate: () => sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'metrics-service'`,
      async jump() {
        // What is written while the clock is wrong has a wrong moment, which no counter can correct.
        await endLate()
        jumped = !jumped
        clock.set(jumped ? among([7200, 40, -300]) : 0)
      },
      async restart() {
        await service.app.close()
        service = await start()
        last = {}
        lastGauge = 0
      },
      wait: () => delay(300),
    }
    const weights = ['write', 'write', 'write', 'late', 'late', 'commit', 'fine', 'fine', 'wait', 'resume']

    let last: Record<string, number> = {}
    let lastGauge = 0
    let highest: Record<string, number> = {}
    const done: string[] = []
    const look = async () => {
      const samples = await service.scrape()
      const now = sums(samples)
      for (const [name, value] of Object.entries(highest)) {
        if ((now[name] ?? 0) < value)
          t.fail(`${name} fell from ${value} to ${now[name]} after ${done.join(' ')}`)
      }
      highest = { ...highest, ...now }
      last = now
      const gauge = samples.get('business_rows') ?? lastGauge
      if (gauge < lastGauge)
        t.fail(`the gauge went back from ${lastGauge} to ${gauge} after ${done.join(' ')}`)
      lastGauge = gauge
    }
    for (let round = 0; round < ROUNDS; round++) {
      const fault = chance() < 0.6 ? among(weights) : among(Object.keys(faults))
      done.push(fault)
      await faults[fault]?.()
      await service.round()
      await look()
    }

    if (jumped) await faults.jump?.()
    if (!standbyIsUp) await faults.standby?.()
    await endLate()
    await faults.resume?.()
    await faults.fine?.()
    await delay(SETTLE + 200)
    const [row] = await sql`
      SELECT count(*) - 9 AS business_events_total,
             count(*) FILTER (WHERE seconds <> 'NaN') - 9 AS business_event_seconds_count,
             coalesce(sum(seconds) FILTER (WHERE seconds <> 'NaN'), 0) - 0.9 AS business_event_seconds_sum,
             ${sql.unsafe(BOUNDS.map((le) => `count(*) FILTER (WHERE seconds <= ${le}) - 9 AS "business_event_seconds_bucket${le}"`).join())},
             count(*) FILTER (WHERE seconds <> 'NaN') - 9 AS "business_event_seconds_bucket+Inf"
        FROM events`
    const expected = Object.fromEntries(
      Object.entries(row ?? {}).map(([name, value]) => [name, Math.round(Number(value) * 1000)]),
    )
    // The standby may have to replay, or the service to wait until it asks the database again.
    for (let i = 0; i < 100 && last.business_events_total !== expected.business_events_total; i++) {
      await service.round()
      await look()
      await delay(50)
    }
    await service.round()
    await look()
    t.same(last, expected, `as SQL has it, after ${done.join(' ')}`)
    t.comment(service.log.map(({ msg }) => msg).join('\n'))
  },
)
