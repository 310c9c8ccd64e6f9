import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { loadConfig } from '../../plugins/config.ts'
import { ConfigError } from '../../src/config/read.ts'
import { spawnService } from '../process.ts'

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
/** A database that does not answer: the service listens all the same. */
const away = async () => `postgres://me:hush@127.0.0.1:${await freePort()}/db`

t.test('the configuration is that of the given environment, and of no other', async (t) => {
  const { config, environment } = await loadConfig({ DATABASE_URL: 'postgres://me:hush@h/db', PORT: '1' })
  t.match(config, { PORT: 1, HOST: '0.0.0.0', databases: [{ url: { user: 'me' } }] })
  t.same(environment, { DATABASE_URL: 'postgres://me:hush@h/db', PORT: '1' })
  await t.rejects(loadConfig({}), ConfigError)
})

t.test('a secret file is read once per start', async (t) => {
  // What was read from a named pipe is gone: a second reader waits for ever.
  const pipe = join(t.testdir({}), 'url')
  execFileSync('mkfifo', [pipe])
  const writer = spawn('sh', ['-c', 'printf %s "$1" > "$2"', 'sh', await away(), pipe])
  t.teardown(() => writer.kill())
  const written = once(writer, 'exit')
  const command = [`DATABASE_URL_FILE=${pipe}`, process.execPath, SERVER]
  const service = await spawnService(t, {}, { command })
  t.same(await written, [0, null])
  await service.said('metrics on')
  t.throws(() => openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK), { code: 'ENXIO' }, 'nobody reads')
})

t.test('.env sets what the process does not set', async (t) => {
  const cwd = t.testdir({ '.env': `DATABASE_URL=${await away()}\nLOG_LEVEL=fatal\n` })
  const service = await spawnService(t, { LOG_LEVEL: 'info' }, { command: [process.execPath, SERVER], cwd })
  await service.said('metrics on')
})
