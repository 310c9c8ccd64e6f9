import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { untilBlocked } from '../../backends.ts'
import { certificate } from '../../certificate.ts'
import { createDatabase } from '../../database.ts'
import { poll } from '../../poll.ts'
import { type ServiceProcess, spawnService } from '../../process.ts'
import { moreRounds, until } from '../../scrape.ts'

const SUCCESS = 'collector_success{collector="destinations"}'

/** The service with one collector that reads the table `destinations`, after a round. */
async function start(t: Test, env: object = {}) {
  const { url, sql } = await createDatabase(t)
  const service = await spawnService(t, {
    DATABASE_URL: url,
    COLLECTORS: 'destinations',
    METRICS_TICK_DURATION: '1s',
    ...env,
  })
  await service.said('metrics on')
  await until(service, (samples) => samples.get(SUCCESS) === 1)
  return { service, sql, database: new URL(url).pathname.slice(1) }
}

/** The backends of the service. */
async function backends(sql: Sql): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'metrics-service'`
  return rows.map(({ pid }) => pid)
}

/** Waits until these are all: that of a vote may be about to end. */
async function untilSame(t: Test, sql: Sql, pids: readonly number[]): Promise<void> {
  const found = await poll(
    () => backends(sql),
    (found) => isDeepStrictEqual(found, pids),
  )
  t.same(found, pids)
}

async function stops({ child, exit, output }: ServiceProcess, t: Test): Promise<void> {
  child.kill('SIGTERM')
  t.equal(await exit, 0)
  t.match(output(), 'stopping on SIGTERM')
}

t.test('SIGHUP lets idle sessions go, and the next round has new ones', async (t) => {
  const { service, sql } = await start(t, { METRICS_TICK_DURATION: '3s' })
  const before = await poll(
    () => backends(sql),
    (pids) => pids.length === 1,
  )
  for (let signals = 1; signals <= 20; signals++) {
    service.child.kill('SIGHUP')
    await service.said('reload: new database sessions', signals)
  }
  await poll(
    () => backends(sql),
    (pids) => !pids.some((pid) => before.includes(pid)),
  )
  const samples = await moreRounds(service, 1)
  t.equal(samples.get(SUCCESS), 1)
  t.equal(samples.get('collection_errors_total{collector="destinations"}'), 0)
  // That of a vote may be about to end.
  await poll(
    () => backends(sql),
    (pids) => pids.length === 1,
  )
  t.equal((await fetch(`${service.url}/healthz`)).status, 200)
  await stops(service, t)
})

t.test('SIGHUP lets a round end in the session that it has, and then that goes', async (t) => {
  const { service, sql, database } = await start(t)
  let before: number[] = []
  await sql.begin(async (holder) => {
    await holder`LOCK TABLE destinations`
    before = await untilBlocked(sql, database)
    service.child.kill('SIGHUP')
    await service.said('reload: new database sessions')
    await untilSame(t, sql, before)
  })
  await poll(
    () => backends(sql),
    (pids) => !pids.some((pid) => before.includes(pid)),
  )
  const samples = await moreRounds(service, 1)
  t.equal(samples.get('collection_errors_total{collector="destinations"}'), 0)
  await stops(service, t)
})

t.test('SIGHUP reads the files of TLS again at once', async (t) => {
  const { url } = await createDatabase(t)
  const { key, cert } = certificate(t.testdir({}), 'server', 'IP:127.0.0.1')
  const env = { DATABASE_URL: url, COLLECTORS: 'destinations', TLS_CERT_FILE: cert, TLS_KEY_FILE: key }
  const service = await spawnService(t, env)
  await service.said('metrics on')
  service.child.kill('SIGHUP')
  // Nothing has changed, so that nothing else would read them.
  await service.said('TLS certificate reloaded')
  await stops(service, t)
})

t.test('neither SIGHUP nor SIGUSR2 ends a service that waits for its database', async (t) => {
  const service = await spawnService(t, {
    DATABASE_URL: `postgres://me:hush@127.0.0.1:${await freePort()}/db`,
  })
  await service.said('waiting for the database quorum')
  for (const signal of ['SIGUSR2', 'SIGHUP', 'SIGUSR2'] as const) service.child.kill(signal)
  await service.said('reload: new database sessions')
  for (let i = 0; i < 20; i++) t.equal((await fetch(`${service.url}/healthz`)).status, 200)
  await stops(service, t)
})

t.test('SIGUSR2 does nothing', async (t) => {
  const { service, sql } = await start(t)
  const before = await poll(
    () => backends(sql),
    (pids) => pids.length === 1,
  )
  const said = service.output()
  for (let signals = 0; signals < 20; signals++) service.child.kill('SIGUSR2')
  t.equal((await moreRounds(service, 2)).get(SUCCESS), 1)
  await untilSame(t, sql, before)
  t.equal(service.output(), said)
  await stops(service, t)
})

for (const [first, second] of [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGTERM'],
] as const) {
  t.test(`a ${second} after a ${first} ends the service at once, with 1`, async (t) => {
    const { service, sql, database } = await start(t)
    const { child, exit } = service
    await sql.begin(async (holder) => {
      await holder`LOCK TABLE destinations`
      await untilBlocked(sql, database)
      child.kill(first)
      await service.said(`stopping on ${first}`)
      // While it stops, these change nothing either.
      for (const signal of ['SIGHUP', 'SIGUSR2'] as const) child.kill(signal)
      t.equal(child.exitCode, null)
      // The same one within a second is taken for the first.
      await poll(
        async () => child.kill(second) && child.exitCode,
        (code) => code !== null,
      )
      // The round still waits for the lock, and would have for some seconds.
      t.equal(await exit, 1)
    })
    t.notMatch(service.output(), 'reload: ')
  })
}

t.test('a certificate that is wrong at SIGHUP leaves the one before in use', async (t) => {
  const { url } = await createDatabase(t)
  const folder = t.testdir({})
  const { key, cert } = certificate(folder, 'server', 'IP:127.0.0.1')
  const other = certificate(folder, 'other')
  const env = { DATABASE_URL: url, COLLECTORS: 'destinations', TLS_CERT_FILE: cert, TLS_KEY_FILE: key }
  const service = await spawnService(t, env)
  await service.said('metrics on')
  renameSync(other.key, join(folder, 'server.key'))
  service.child.kill('SIGHUP')
  await service.said('TLS certificate cannot be reloaded; the previous one stays in use: TLS_KEY_FILE is')
  await stops(service, t)
})
