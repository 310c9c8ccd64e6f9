import { once } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import { untilBlocked } from '../backends.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import { moreRounds, rounds, scrape, until } from '../scrape.ts'

const COUNTERS = [
  'business_operations_created_total{action_type="read"}',
  'business_operation_duration_seconds_count{action_type="read",status="success"}',
]

/** An installation, which operations belong to. */
async function createInstallation(sql: Sql): Promise<void> {
  await sql`
    WITH p AS (INSERT INTO projects (org_id, name, app_name) VALUES (gen_random_uuid(), 'p', 'p') RETURNING id),
         g AS (INSERT INTO integrations (project_id, name, provider) SELECT id, 'g', 'acme' FROM p RETURNING id, project_id),
         c AS (INSERT INTO connections (project_id, provider, group_ref, consumer_ref, auth_scheme)
               SELECT project_id, 'acme', 'g', 'c', 'none' FROM g RETURNING id, project_id)
    INSERT INTO installations (project_id, integration_id, connection_id, group_ref, config_revision_id, created_by)
    SELECT c.project_id, g.id, c.id, 'g', gen_random_uuid(), 'me' FROM g, c`
}

/** Ten operations that began and succeeded now. */
async function addOperations(sql: Sql): Promise<void> {
  await sql`
    INSERT INTO operations (project_id, integration_id, installation_id, config_id, action_type, status, create_time, finish_time)
    SELECT project_id, integration_id, id, config_id, 'read', 'success', clock_timestamp(), clock_timestamp()
      FROM installations, generate_series(1, 10)`
}

/** Resolves when a file with such a name is made, written to or renamed, before anything else happens in this process. */
async function touched(t: Test, folder: string, name: RegExp): Promise<void> {
  const watcher = watch(folder)
  t.teardown(() => watcher.close())
  for (;;) {
    const [, file] = await once(watcher, 'change')
    if (name.test(file)) return
  }
}

t.test('a process that is killed, in mid-write of its state too, loses nothing that was shown', async (t) => {
  const { url, sql } = await createDatabase(t)
  await createInstallation(sql)
  const folder = t.testdir({})
  const env = {
    DATABASE_URL: url,
    METRICS_TICK_DURATION: '1s',
    STATE_FILE: join(folder, 'state.json'),
    COLLECTORS: 'operations-created,operations-duration',
  }
  const shown = new Map<string, number>()
  async function look(service: ServiceProcess): Promise<void> {
    const samples = await scrape(service)
    for (const name of COUNTERS) {
      const value = samples.get(name) ?? 0
      if (value < (shown.get(name) ?? 0)) t.fail(`${name} fell from ${shown.get(name)} to ${value}`)
      shown.set(name, value)
    }
  }
  async function start(): Promise<ServiceProcess> {
    const service = await spawnService(t, env)
    await service.said('metrics on')
    await until(service, (samples) => rounds(samples, 'success') > 0)
    return service
  }
  async function inMidQuery(): Promise<void> {
    const lock = await sql.reserve()
    await lock`BEGIN`
    await lock`LOCK TABLE operations IN ACCESS EXCLUSIVE MODE`
    await untilBlocked(sql, new URL(url).pathname.slice(1))
    await lock`ROLLBACK`
    lock.release()
  }
  const moments: Readonly<Record<string, (service: ServiceProcess) => Promise<unknown>>> = {
    'when it begins to write its state': () => touched(t, folder, /^state\.json\..*\.tmp$/),
    'when its state has its name': () => touched(t, folder, /^state\.json$/),
    'after a page': (service) => moreRounds(service, 1),
    'in mid-query': inMidQuery,
  }
  let since = ''
  for (const [moment, comes] of Object.entries(moments)) {
    const service = await start()
    since ||= JSON.parse(readFileSync(env.STATE_FILE, 'utf8')).windows['operations-created'].since
    let killed = false
    const life = poll(
      async () => {
        await addOperations(sql)
        if (!killed) await look(service).catch((error) => killed || t.fail(`${moment}: ${error}`))
      },
      () => killed,
    )
    await comes(service)
    service.child.kill('SIGKILL')
    killed = true
    t.equal(await service.exit, 'SIGKILL', `it is killed ${moment}`)
    await life
    t.notMatch(service.output(), 'refused')
  }
  // The last life ends in good order, and shows that all is there.
  const service = await start()
  await look(service)
  await moreRounds(service, 2)
  await look(service)
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
  t.notMatch(service.output(), 'refused')
  const [row] = await sql`
    SELECT count(*)::int FROM operations WHERE create_time > ${sql.unsafe(`'${since}'`)}`
  t.same([...shown.values()], [row?.count, row?.count])
})
