import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../src/app.ts'
import type { CollectorPlugin } from '../src/collector.ts'
import type { Environment } from '../src/config/read.ts'
import type { Database } from '../src/database.ts'
import { samplesOf } from './exposition.ts'
import { checkSecrets, secretsOf } from './secrets.ts'

export interface Service {
  readonly app: FastifyInstance
  /** Its first database, or the only one. */
  readonly database: Database
  /** Everything that it logged so far, an object a line. */
  readonly log: readonly { readonly level: string; readonly msg: string; readonly [key: string]: unknown }[]
  /** The samples on its page now. */
  scrape(): Promise<Map<string, number>>
  /** Runs the round of the next tick, and resolves when it is published. */
  round(): Promise<void>
}

/**
 * The service in this process, with these collectors only, or those of a folder; started up to its first round unless
 * `start` is false. Its ticks come from the test: the scheduler's is a day.
 */
export async function startService(
  t: Test,
  env: Environment,
  {
    collectors = [],
    folder,
    start = true,
    patience = 10_000,
  }: { collectors?: CollectorPlugin[]; folder?: string; start?: boolean; patience?: number } = {},
): Promise<Service> {
  const log: Service['log'][number][] = []
  const stream = new Writable({
    write(line, _encoding, done) {
      log.push(JSON.parse(String(line)))
      done()
    },
  })
  const app = await buildApp({
    env: { METRICS_TICK_DURATION: '24h', DEBUG_PORT: '0', LOG_FORMAT: 'json', ...env },
    folder: folder ?? emptyFolder(t),
    patience,
    logger: { stream },
  })
  const [database] = app.databases
  if (database === undefined) throw new Error('the configuration has no database')
  const secrets = secretsOf(env)
  t.teardown(async () => {
    await app.close()
    checkSecrets(JSON.stringify(log), secrets, 'the log of the service')
  })
  for (const { collector } of collectors) app.collectors.add(collector)
  await app.ready()
  if (start) {
    await database.ticker.start()
    await database.round.settled()
  }
  let tick = 0
  return {
    app,
    database,
    log,
    async scrape() {
      // An injected request needs no turn of the event loop: a test that waits for a page would starve all else.
      await setImmediate()
      const { statusCode, body } = await app.inject('/metrics')
      if (statusCode !== 200) throw new Error(`GET /metrics: ${statusCode} ${body}`)
      checkSecrets(body, secrets, 'the page')
      return samplesOf(body)
    },
    round: () => database.round.run(++tick),
  }
}

/** Not the test's own folder: making that again would empty it. */
function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-collectors-'))
  t.teardown(() => rmdirSync(folder))
  return folder
}
