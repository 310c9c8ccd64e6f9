import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { samplesOf } from './exposition.ts'
import { freePort } from './process.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

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
  const demo = spawn(process.execPath, ['demo/demo.ts'], {
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
  t.match(output, `http://127.0.0.1:${port}/metrics`)
  demo.kill('SIGINT')
  const [code] = await once(demo, 'exit')
  t.equal(code, 0)
  t.same(readdirSync(temporary), [])
  t.same(await page(), new Map(), 'the service is gone')
})
