import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { variables } from '../../src/config/variables.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'

const UNIT = 'metrics-service.service'
const FOLDER = join(ROOT, 'deploy/systemd')
const text = readFileSync(join(FOLDER, UNIT), 'utf8')

/** What the unit sets a setting to, each time that it does. */
const settings = (name: string) =>
  Array.from(text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm')), ([, value = '']) => value)
const [node = '', ...args] = (settings('ExecStart')[0] ?? '').split(' ')
const environment = Object.fromEntries(
  settings('Environment')
    .flatMap((line) => line.split(' '))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
)

const systemd = { skip: lacks('systemd-analyze', 'systemd') }

t.test('systemd reads the unit, and has nothing against it', systemd, async (t) => {
  const verify = (unit: string) => {
    const file = join(t.testdir({ [UNIT]: unit }), UNIT)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    // It reads the units of this machine, too.
    return { status, said: stderr.split('\n').filter((line) => line.includes(UNIT)) }
  }
  const here = text.replace(node, process.execPath).replace('/opt/metrics-service', ROOT)
  t.same(verify(here), { status: 0, said: [] })
  t.match(verify(here.replace('ProtectHome=', 'ProtectHom=')).said, [/ProtectHom/])
})

t.test('systemd finds little that the service is exposed to', systemd, async (t) => {
  const limits = ['--offline=true', '--threshold=15', join(FOLDER, UNIT)]
  const { status, stdout } = spawnSync('systemd-analyze', ['security', ...limits], { encoding: 'utf8' })
  t.equal(status, 0, stdout)
})

t.test(
  'the unit starts the service as the image does, and has the time to stop that Kubernetes gives it',
  async (t) => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    t.match(dockerfile, `ENTRYPOINT ${JSON.stringify(['node', ...args]).replaceAll(',', ', ')}\n`)
    const manifest = readFileSync(join(ROOT, 'deploy/kubernetes/deployment.yaml'), 'utf8')
    t.match(manifest, `terminationGracePeriodSeconds: ${settings('TimeoutStopSec')[0]}\n`)
  },
)

t.test('each line of the environment file is a variable of the service', async (t) => {
  const names = Array.from(readFileSync(join(FOLDER, 'environment'), 'utf8').matchAll(/^#?([A-Z_]+)=/gm))
  t.ok(names.length > 0)
  for (const [, name = ''] of names) t.ok(name in variables, name)
})

t.test('the service runs with what the unit gives it, and keeps its state', async (t) => {
  const { url } = await createDatabase(t)
  const folder = t.testdir({ credentials: { 'database-url': `${url}\n` } })
  const places = { '%d': `${folder}/credentials`, '%S': `${folder}/lib`, '%C': `${folder}/cache` }
  for (const place of ['lib', 'cache']) mkdirSync(join(folder, place, 'metrics-service'), { recursive: true })
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const [place = ''] = /^%./.exec(value) ?? []
      return [name, value.replace(place, Object.entries(places).find(([key]) => key === place)?.[1] ?? place)]
    }),
  )
  const running = await spawnService(t, env, { command: [process.execPath, ...args] })
  await running.said('metrics on')
  const status = async () => (await fetch(`${running.url}/readyz`)).status
  t.equal(await poll(status, (status) => status !== 503), 200)
  running.child.kill('SIGTERM')
  t.equal(await running.exit, 0)
  t.match(readFileSync(join(folder, 'lib/metrics-service/counters.json'), 'utf8'), /^\{/)
})
