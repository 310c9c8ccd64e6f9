import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { basename, join } from 'node:path'
import t from 'tap'
import { openUp } from '../demo/cluster.ts'
import { freePort } from '../demo/port.ts'
import { poll } from './poll.ts'
import { spawnService } from './process.ts'
import { lacks } from './program.ts'
import { ROOT } from './root.ts'
import { type Samples, scrape, until } from './scrape.ts'

const unwatched = lacks('prometheus', 'prometheus')

/** What Prometheus' HTTP API answers. https://prometheus.io/docs/prometheus/latest/querying/api/ */
interface Answer {
  readonly result?: readonly unknown[]
  readonly groups?: readonly { readonly file: string }[]
}

t.test('the demo shows a page that lives, and ends without a trace', async (t) => {
  const temporary = t.testdir({})
  chmodSync(temporary, 0o777)
  const env = { TMPDIR: temporary, PORT: String(await freePort()), METRICS_TICK_DURATION: '1s' }
  const command = [process.execPath, 'demo/demo.ts', ...(unwatched ? [] : ['--prometheus'])]
  const demo = await spawnService(t, env, { command })
  const total = (samples: Samples) =>
    [...samples].reduce(
      (sum, [name, value]) => sum + (name.startsWith('business_project_operations') ? value : 0),
      0,
    )
  await demo.said('Ctrl-C')
  t.match(demo.output(), `\n  ${demo.url}/metrics\n`)
  const first = total(await until(demo, (samples) => total(samples) > 0))
  await until(demo, (samples) => total(samples) !== first)

  const [alerts = '', prometheus] = /(http:\S+?)(?:\/classic)?\/alerts$/m.exec(demo.output()) ?? []
  await t.test('the Prometheus of the demo has the values and all rules', { skip: unwatched }, async (t) => {
    const get = async (path: string) => {
      const response = await fetch(`${prometheus}/api/v1/${path}`)
      return ((await response.json()) as { data: Answer }).data
    }
    await poll(
      () => get('query?query=sum(business_connections)>0'),
      ({ result = [] }) => result.length > 0,
    )
    t.equal((await fetch(alerts)).status, 200, alerts)
    const { groups = [] } = await get('rules')
    const shipped = readdirSync(new URL('../deploy/prometheus/rules', import.meta.url))
    const loaded = groups.map(({ file }) => basename(file))
    t.same([...new Set(loaded)].sort(), shipped.sort())
  })

  demo.child.kill('SIGINT')
  t.equal(await demo.exit, 0)
  t.same(readdirSync(temporary), [])
  await t.rejects(scrape(demo), 'the service is gone')
  if (!unwatched) await t.rejects(fetch(`${prometheus}/-/healthy`), 'so is Prometheus')
})

/** Runs a command on a terminal, and closes that when it says that Ctrl-C ends it. */
const CLOSED = `
import fcntl, os, subprocess, sys, termios
master, slave = os.openpty()
own = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=own)
os.close(slave)
said = b''
while b'Ctrl-C ends' not in said:
    said += os.read(master, 4096)
os.close(master)
child.wait()`

t.test('a terminal that is closed ends all of the demo', { skip: lacks('python3', 'python3') }, async (t) => {
  const temporary = t.testdir({})
  chmodSync(temporary, 0o777)
  const port = await freePort()
  const python = spawn('python3', ['-c', CLOSED, process.execPath, 'demo/demo.ts'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      TMPDIR: temporary,
      HOST: '127.0.0.1',
      PORT: String(port),
      DEBUG_PORT: '0',
    },
    stdio: 'inherit',
  })
  const [code] = await once(python, 'exit')
  t.equal(code, 0)
  await poll(
    () => readdirSync(temporary),
    (files) => files.length === 0,
  )
  await t.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
})

t.test('a port that is taken ends the demo before it takes time, and is named', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const port = String((taken.address() as AddressInfo).port)
  for (const [name, env] of [
    ['PORT', { PORT: port, DEBUG_PORT: '0' }],
    ['DEBUG_PORT', { PORT: '0', DEBUG_PORT: port }],
  ] as const) {
    const { status, stdout } = spawnSync(process.execPath, ['demo/demo.ts'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', ...env },
      encoding: 'utf8',
    })
    t.equal(status, 1)
    t.match(stdout, new RegExp(`^The demo cannot start: .*: set ${name} to a free one\n$`))
  }
})

t.test('the programs of a closed checkout are copied for everybody', async (t) => {
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  const folder = t.testdir({
    bin: { initdb: '' },
    lib: { 'x.so.1': '', 'x.so': t.fixture('symlink', 'x.so.1') },
  })
  for (const path of ['', 'bin', 'bin/initdb', 'lib', 'lib/x.so.1']) chmodSync(join(folder, path), 0o700)
  await openUp(folder)
  const modes = ['', 'bin', 'bin/initdb', 'lib', 'lib/x.so.1'].map((path) =>
    (statSync(join(folder, path)).mode & 0o777).toString(8),
  )
  t.same(modes, ['755', '755', '755', '755', '644'])
})

t.test('without Prometheus the demo says what to install', async (t) => {
  const { status, stdout } = spawnSync(process.execPath, ['demo/demo.ts', '--prometheus'], {
    cwd: ROOT,
    env: { PATH: t.testdir({}) },
    encoding: 'utf8',
  })
  t.equal(status, 1)
  t.match(stdout, 'install the Debian package prometheus')
})

t.test(
  'Prometheus goes with the process that started it, even when that is killed',
  { skip: unwatched },
  async (t) => {
    const temporary = t.testdir({})
    const script = `
    import { shippedFiles, startPrometheus } from './demo/prometheus.ts'
    console.log((await startPrometheus(await shippedFiles('127.0.0.1:1'))).url)
    setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => starter.kill('SIGKILL'))
    const url = String(await once(starter.stdout, 'data')).trim()
    t.equal((await fetch(`${url}/-/healthy`)).status, 200)
    starter.kill('SIGKILL')
    await poll(
      () => readdirSync(temporary),
      (files) => files.length === 0,
    )
    await t.rejects(fetch(`${url}/-/healthy`))
  },
)
