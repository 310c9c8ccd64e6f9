import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { LogDestination } from '../../src/config/log-destination.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'

// A disk that is full, and a terminal that was closed.

t.test('a service whose log cannot be written serves, and ends on SIGTERM', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const port = await freePort()
  const folder = t.testdir({
    'chatty.ts': "setInterval(() => console.log('…'), 10)\nthrow new Error('wrong')",
  })
  const service = await spawnService(
    t,
    { DATABASE_URL: url, PORT: String(port), METRICS_TICK_DURATION: '1s', COLLECTORS_FOLDER: folder },
    { command: ['sh', '-c', `exec ${process.execPath} src/server.ts >/dev/full 2>/dev/full`] },
  )
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      async (response) => response.text(),
      () => '',
    )
  await poll(
    () => ask('/metrics'),
    (page) => /^collection_errors_total\{collector="chatty"\} [2-9]/m.test(page),
  )
  t.match(await ask('/healthz'), 'ok')
  service.child.kill('SIGTERM')
  t.equal(await service.exit, 0)
})

t.test('a line that cannot be written is dropped, and the next is tried', async (t) => {
  const file = join(t.testdir({}), 'log')
  const fd = openSync(file, 'w')
  const destination = new LogDestination(fd)
  destination.write('one\n')
  closeSync(fd)
  destination.write('two\n')
  const again = openSync(file, 'a')
  t.equal(again, fd, 'the same descriptor')
  destination.write('three\n')
  closeSync(again)
  t.equal(readFileSync(file, 'utf8'), 'one\nthree\n')
})
