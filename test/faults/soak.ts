import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgresJs from 'postgres'
import t, { type Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { startPostgres } from '../../demo/postgres.ts'
import { chance } from '../chance.ts'
import { Gate, urlOf } from '../gate.ts'
import { poll } from '../poll.ts'
import { type ServiceProcess, saidBy, spawnService } from '../process.ts'
import { moreRounds, rounds, type Samples, scrape, until } from '../scrape.ts'
import type { Resources } from './probe.ts'
import { MOST_MEMORY, NODE, peakMemory, unharmed } from './process.ts'
import { scrapeOn, served } from './scraper.ts'

/**
 * An hour's worth of rounds and faults in two minutes, or as many seconds as the argument says: what the service holds
 * is at the end what it was at the beginning. `node test/faults/soak.ts [seconds]`; `node test/faults/soak.ts day` goes on for as
 * many rounds as a day has seconds. Linux alone, for it counts file descriptors. The SEED of another run makes the same choices
 * again.
 */
const [LENGTH = '120'] = process.argv.slice(2)
/** Seconds and rounds that it goes on for, both at the least. A machine with two cores has 25 rounds a second. */
const { SECONDS, ROUNDS } =
  LENGTH === 'day' ? { SECONDS: 0, ROUNDS: 86_400 } : { SECONDS: Number(LENGTH), ROUNDS: Number(LENGTH) }
if (!(ROUNDS > 0)) throw new Error(`the length is "${LENGTH}", and takes a number of seconds, or "day"`)
/** Seconds in which it reaches the size that it keeps, at the most. */
const GROWTH = 60
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31)

/** Milliseconds between two lines that say how far it is. */
const TOLD = 60_000
/** Milliseconds between two faults, at the most, and between two scrapes, if not as ever: a day has more rounds for each. */
const { CALM, PACE } = LENGTH === 'day' ? { CALM: 20_000, PACE: 250 } : { CALM: 300 }

/** How much of what it held a process may hold more at the end. */
const MORE_MEMORY = 1.25
const MORE_HEAP = 1.25
const MORE_OBJECTS = 1.5
/** And how many descriptors, sessions and sockets: those of a vote, or of a round that was slow, are given back a little later. */
const MORE_HANDLES = 2
/** Connections that it may have at once: COLLECTOR_CONCURRENCY + 1, the one that holds the lock, and that for the counters. */
const CONNECTIONS = 7

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))
/** Statements that a session may have prepared. */
const STATEMENTS = 20
const FOLDER = fileURLToPath(new URL('soak/', import.meta.url))
const COLLECTORS = readdirSync(FOLDER).map((file) => basename(file, '.ts'))

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const descriptors = ({ child }: ServiceProcess) => readdirSync(`/proc/${child.pid}/fd`).length
const resident = ({ child }: ServiceProcess) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024
const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`

async function resourcesOf(service: ServiceProcess): Promise<Resources> {
  const response = await fetch(saidBy(service, 'probe on'), { headers: { connection: 'close' } })
  return (await response.json()) as Resources
}

/** Has it read its collectors again. */
async function reload(service: ServiceProcess): Promise<void> {
  const url = `${saidBy(service, 'debug on')}/debug/reload`
  const response = await fetch(url, { method: 'POST', headers: { connection: 'close' } })
  await response.arrayBuffer()
}

/** Asks for a round by hand, again and again, until the signal: of all collectors, or of one, as when the others are not due. */
async function collectUntil(service: ServiceProcess, signal: AbortSignal): Promise<void> {
  const url = `${saidBy(service, 'debug on')}/debug/collect`
  for (let i = 0; !signal.aborted; i++) {
    const one = COLLECTORS[i % (COLLECTORS.length + 1)]
    // On one connection: a new one for each would cost as much as the round.
    const response = await fetch(one === undefined ? url : `${url}?collector=${one}`, { method: 'POST' })
    await response.arrayBuffer()
    await delay(10)
  }
}

async function soak(t: Test): Promise<void> {
  const postgres = await startPostgres()
  t.teardown(() => postgres.destroy())
  const sql = postgresJs(postgres.url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  await sql.unsafe(`
    CREATE TABLE weather (fine int, windy int);
    INSERT INTO weather VALUES (1, 0);
    CREATE TABLE events (kind text, create_time timestamptz DEFAULT clock_timestamp());
    CREATE INDEX ON events (create_time)`)
  // Two ways to one server, so that the service can move from one to the other.
  const [gate, way] = [await Gate.start(t, postgres.url), await Gate.start(t, postgres.url)]
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-soak-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync(FOLDER, folder, { recursive: true })
  const url = urlOf(postgres.url, [gate, way], '?connect_timeout=2')
  const service = await spawnService(
    t,
    {
      DATABASE_URL: url,
      STATE_URL: url,
      LEADER_ELECTION: 'true',
      METRICS_TICK_DURATION: '1s',
      DEBUG_PORT: String(await freePort()),
    },
    { command: [...NODE, '--import', PROBE, SERVER, '--folder', folder] },
  )
  await service.said('probe on')
  await service.said('metrics on ')
  const backends = async () =>
    (await sql`SELECT pid FROM pg_stat_activity WHERE application_name = 'metrics-service'`).length
  const leads = () => until(service, (samples) => samples.get('business_fragile') === 1)
  /** What it holds when all is well and a round a second is all that goes on. */
  const settle = async () => {
    await leads()
    await moreRounds(service, 3)
    return {
      descriptors: descriptors(service),
      backends: await backends(),
      ...(await resourcesOf(service)),
    }
  }

  const random = chance(SEED)
  const steady = join(folder, 'steady.ts')
  const text = readFileSync(steady, 'utf8')
  const texts = [text, `${text}// Another version.\n`]
  let reloads = 0
  const faults = {
    terminated: () => sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'metrics-service' AND random() < 0.5`,
    cancelled: () => sql`
      SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'metrics-service'`,
    cut: async () => {
      await Promise.all([gate.down(), way.down()])
      await delay(random() * 300)
      await Promise.all([gate.up(), way.up()])
    },
    failedOver: async () => {
      const down = random() < 0.5 ? gate : way
      await down.down()
      await delay(random() * 1000)
      await down.up()
    },
    reloaded: async () => {
      // One of two texts, for a module that was loaded once is never given back.
      writeFileSync(steady, texts[++reloads % texts.length] ?? '')
      await reload(service)
    },
    failing: async () => {
      await sql`UPDATE weather SET fine = 0`
      await delay(random() * 300)
      await sql`UPDATE weather SET fine = 1`
    },
    late: async () => {
      await sql`UPDATE weather SET windy = 60`
      await delay(random() * 500)
      await sql`UPDATE weather SET windy = 0`
    },
    locked: () =>
      sql.begin(async (sql) => {
        await sql`LOCK TABLE events`
        await delay(random() * 500)
      }),
    takenOver: () =>
      sql.begin(async (sql) => {
        const [lead] = await sql`
          SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
           WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted`
        if (lead === undefined) return
        await sql`SELECT pg_terminate_backend(${lead.pid}), pg_sleep(0.05)`
        await sql`SELECT pg_try_advisory_xact_lock(${lead.key})`
        await delay(random() * 1000)
      }),
    counted: () => sql`INSERT INTO events (kind) VALUES ('one'), ('two'), ('three')`,
    frozen: async () => {
      postgres.freeze()
      await delay(random() * 300)
      postgres.thaw()
    },
  }
  const kinds = Object.values(faults)
  /** Returns how many rounds were run: a replica that leads no longer forgets its own. */
  const strain = async (seconds: number, least: number, look: (samples: Samples) => unknown) => {
    const calm = new AbortController()
    const collected = collectUntil(service, calm.signal)
    const started = performance.now()
    const run = { success: 0, failure: 0 }
    let last = await scrape(service)
    let told = started
    while (performance.now() - started < seconds * 1000 || run.success + run.failure < least) {
      if (performance.now() - told > TOLD) {
        told = performance.now()
        const minutes = Math.round((told - started) / 60_000)
        t.comment(`${minutes} min: ${run.success + run.failure} rounds, ${megabytes(resident(service))}`)
      }
      await kinds[Math.floor(random() * kinds.length)]?.()
      const samples = await scrape(service)
      for (const result of ['success', 'failure'] as const) {
        const [before, now] = [rounds(last, result), rounds(samples, result)]
        run[result] += now < before ? now : now - before
      }
      last = samples
      await look(samples)
      await delay(random() * CALM)
    }
    calm.abort()
    await collected
    return run
  }

  // What comes before it leads is nothing to count from.
  await leads()
  const end = await scrapeOn(t, service, PACE)
  // Code that runs often is compiled, caches fill, the heap grows to its size: the beginning is after that.
  await strain(Math.min(ROUNDS / 4, GROWTH), 0, () => {})
  const before = await settle()
  const memory: number[] = []
  let most = 0
  const statements: number[] = []
  const run = await strain(SECONDS, ROUNDS, async (samples) => {
    most = Math.max(most, await backends())
    memory.push(resident(service))
    statements.push(samples.get('business_prepared_statements') ?? 0)
  })
  const seen = await end()
  const after = await settle()
  // The probe may have held it up for longer than a lease.
  const samples = await leads()

  t.comment(
    `${run.success + run.failure} rounds, of which ${run.failure} failed; ${seen.scrapes} scrapes; seed ${SEED}`,
  )
  const tenths = Array.from({ length: 10 }, (_, i) =>
    median(memory.slice(Math.floor((i * memory.length) / 10), Math.floor(((i + 1) * memory.length) / 10))),
  )
  t.comment(`resident memory, by tenths of the time: ${tenths.map(megabytes).join(', ')}`)
  t.comment(`before: ${JSON.stringify(before)}`)
  t.comment(`after: ${JSON.stringify(after)}`)
  // Here a hundred rounds a second are run.
  served(t, seen, { most: Number.POSITIVE_INFINITY })
  unharmed(t, service)
  t.comment(`statements that are prepared in a session: ${Math.max(...statements)} at the most`)
  t.ok(Math.max(...statements) <= STATEMENTS, `a session has ${STATEMENTS} prepared statements at the most`)
  t.ok(run.failure > 0, 'some of them failed')
  t.ok(run.success > 0, 'some of them did not')
  t.ok(most <= CONNECTIONS + 1, `${most} backends at most, one of which may have been about to end`)
  const third = Math.floor(memory.length / 3)
  const [first, last] = [median(memory.slice(0, third)), median(memory.slice(-third))]
  t.ok(
    last <= first * MORE_MEMORY,
    `resident memory: ${megabytes(first)} in the first third, ${megabytes(last)} in the last`,
  )
  t.ok(peakMemory(service.child.pid) < MOST_MEMORY, `${megabytes(peakMemory(service.child.pid))} at the most`)
  t.ok(
    after.heap <= before.heap * MORE_HEAP,
    `heap: ${megabytes(before.heap)} before, ${megabytes(after.heap)} after`,
  )
  t.ok(
    after.descriptors <= before.descriptors + MORE_HANDLES,
    `file descriptors: ${before.descriptors} before, ${after.descriptors} after`,
  )
  t.ok(
    after.backends <= before.backends + MORE_HANDLES,
    `backends: ${before.backends} before, ${after.backends} after`,
  )
  for (const [kind, count] of Object.entries(after.active)) {
    const had = before.active[kind] ?? 0
    t.ok(count <= had + MORE_HANDLES, `what is active, ${kind}: ${had} before, ${count} after`)
  }
  t.equal(after.listeners, before.listeners, 'listeners')
  for (const [name, count] of Object.entries(after.objects)) {
    const had = before.objects[name] ?? 0
    t.ok(count <= had * MORE_OBJECTS + 20, `objects of ${name}: ${had} before, ${count} after`)
  }
  const counted = await sql`SELECT kind, count(*)::int FROM events GROUP BY kind`
  for (const { kind, count } of counted)
    t.equal(
      samples.get(`business_events_total{kind="${kind === 'three' ? 'other' : kind}"}`),
      count,
      `events of kind ${kind} were counted once each`,
    )

  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
  // The gate passes the farewell on, and the server takes it, in their own time.
  await poll(backends, (count) => count === 0)
  t.pass('it leaves no backend')
}

// At least a round in two seconds, or ten in one when there are many.
t.setTimeout((SECONDS === 0 ? ROUNDS / 10 : 2 * ROUNDS + 240) * 1000)
t.test('what the service holds after thousands of rounds and faults is what it held before', soak)
