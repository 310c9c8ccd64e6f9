import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { samplesOf } from './exposition.ts'
import { freePort } from './process.ts'
import { lacks } from './program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const unwatched = lacks('prometheus', 'prometheus')

/** What Prometheus' HTTP API answers. https://prometheus.io/docs/prometheus/latest/querying/api/ */
interface Answer {
  readonly result?: readonly unknown[]
  readonly groups?: readonly { readonly file: string }[]
}

t.test('the demo shows a page that lives, and ends without a trace', async (t) => {
  const temporary = t.testdir({})
  chmodSync(temporary, 0o777)
  const port = await freePort()
  const env = {
    PATH: process.env.PATH,
    TMPDIR: temporary,
    HOST: '127.0.0.1',
    PORT: String(port),
    DEBUG_PORT: '0',
  }
  const demo = spawn(process.execPath, ['demo/demo.ts', ...(unwatched ? [] : ['--prometheus'])], {
    cwd: ROOT,
    env: { ...env, METRICS_TICK_DURATION: '1s' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => demo.kill('SIGKILL'))
  let output = ''
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk) => (output += chunk))
  const page = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
    return samplesOf((await response?.text()) ?? '')
  }
  const total = (samples: Map<string, number>) =>
    [...samples].reduce(
      (sum, [name, value]) => sum + (name.startsWith('business_project_operations') ? value : 0),
      0,
    )
  let samples = await page()
  while (!total(samples)) {
    if (demo.exitCode !== null) t.fail(output)
    await delay(50)
    samples = await page()
  }
  const first = total(samples)
  while (total(samples) === first) {
    await delay(50)
    samples = await page()
  }
  while (!output.includes('Ctrl-C')) await delay(50)
  t.match(output, `http://127.0.0.1:${port}/metrics`)

  const [alerts = '', prometheus] = /(http:\S+?)(?:\/classic)?\/alerts$/m.exec(output) ?? []
  await t.test('its Prometheus has the values and all rules', { skip: unwatched }, async (t) => {
    const get = async (path: string) => {
      const response = await fetch(`${prometheus}/api/v1/${path}`)
      return ((await response.json()) as { data: Answer }).data
    }
    while (!(await get('query?query=sum(business_connections)>0')).result?.length) await delay(50)
    t.equal((await fetch(alerts)).status, 200, alerts)
    const { groups = [] } = await get('rules')
    const shipped = readdirSync(new URL('../deploy/prometheus/rules', import.meta.url))
    const loaded = groups.map(({ file }) => basename(file))
    t.same([...new Set(loaded)].sort(), shipped.sort())
  })

  demo.kill('SIGINT')
  const [code] = await once(demo, 'exit')
  t.equal(code, 0)
  t.same(readdirSync(temporary), [])
  t.same(await page(), new Map(), 'the service is gone')
  if (!unwatched) await t.rejects(fetch(`${prometheus}/-/healthy`), 'so is Prometheus')
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
  'Prometheus goes with whoever started it, even when that is killed',
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
    while (readdirSync(temporary).length > 0) await delay(50)
    await t.rejects(fetch(`${url}/-/healthy`))
  },
)
