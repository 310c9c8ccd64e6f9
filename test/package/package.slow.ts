import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'acorn'
import t from 'tap'
import { createDatabase } from '../database.ts'
import { lacksProgram, runProgram } from '../deploy/programs.ts'
import { spawnService } from '../process.ts'
import { ROOT } from '../root.ts'
import { rounds, until } from '../scrape.ts'
import { underlined } from './editor.ts'

// The way of somebody who has no clone of this repository, from the archive that one `init` in a clone has packed: to a folder
// of their own, with what its README says.

const { NODE_COMPILE_CACHE: _, ...own } = process.env
/** Node.js of the tests first, as in a script of npm. */
const env = { ...own, PATH: `${dirname(process.execPath)}${delimiter}${own.PATH}` }

interface Answer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(cwd: string, command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Answer {
  // The test runner has every process load a part of its own, under which the compiler does not start.
  return spawnSync('env', ['-u', 'NODE_OPTIONS', command, ...args], {
    cwd,
    env: { ...env, ...more },
    encoding: 'utf8',
  })
}

/** Runs what has to succeed; returns what it wrote. */
function succeed(
  cwd: string,
  command: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): string {
  const { status, stdout, stderr } = run(cwd, command, args, more)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status}\n${stdout}${stderr}`)
  return stdout
}

// Three installations, which take long on a busy machine.
t.setTimeout(600_000)

const QUIET = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']

// A path that has a space, outside of this repository, and its real name, which the language server goes by.
const place = realpathSync(mkdtempSync(join(tmpdir(), 'metrics service ')))
// The server of the tests runs as another user where this one is root.
chmodSync(place, 0o755)
t.teardown(() => rmSync(place, { recursive: true, force: true }))

succeed(ROOT, 'npm', ['run', '-s', 'init', '--', join(place, 'cloned')])
const [archive = ''] = globSync('*.tgz', { cwd: join(place, 'cloned') })
const empty = join(place, 'empty')
mkdirSync(empty)
succeed(empty, 'npm', ['install', ...QUIET, join(place, 'cloned', archive)])
/** The folder that is made, and what its own scripts run. */
const mine = join(empty, 'my-metrics')
const made = run(empty, 'npx', ['metrics-service', 'init', 'my-metrics', '--docker', '--kubernetes'])
succeed(mine, 'npm', ['install', ...QUIET])
const service = join(mine, 'node_modules/metrics-service')

t.test('publint and Are the types wrong have nothing to say', async (t) => {
  const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)
  const path = join(place, 'cloned', archive)
  t.match(run(place, bin('publint'), [path, '--strict']), { status: 0, stdout: /All good!/ })
  t.match(run(place, bin('attw'), [path, '--profile', 'esm-only', '--format', 'ascii']), { status: 0 })
})

t.test('the package has what it runs on, and brings no Node.js of its own', async (t) => {
  const there = globSync('{src,test,plugins,kit,.ci,node_modules}/**', { cwd: service })
  t.same(there, [], 'neither sources nor tests')
  t.same(globSync('node_modules/node-{bin,linux,darwin,win}-*', { cwd: empty }), [])
  const { dependencies, exports } = JSON.parse(readFileSync(join(service, 'package.json'), 'utf8'))
  t.ok(dependencies.yaml)
  t.same(Object.keys(exports), ['.', './kit', './package.json'])
})

t.test('init from an archive puts it into the folder, and says what it wrote and what to do', async (t) => {
  t.equal(made.status, 0)
  t.equal(made.stderr, '')
  t.match(made.stdout, `cd my-metrics && npm install`)
  const files = globSync('**', { cwd: mine, exclude: ['node_modules'], withFileTypes: true })
  const named = files.filter((file) => file.isFile()).map(({ name }) => name)
  t.ok(named.includes(archive))
  for (const name of named.filter((name) => name !== 'package-lock.json')) t.match(made.stdout, name)
  const again = run(empty, 'npx', ['metrics-service', 'init', 'my-metrics'])
  t.equal(again.status, 1)
  t.match(again.stderr, /^nothing was written, .*: package\.json, collectors\/tables\.ts, /)
})

t.test('its README names the scripts that it has, in twenty lines', async (t) => {
  const readme = readFileSync(join(mine, 'README.md'), 'utf8')
  const { scripts } = JSON.parse(readFileSync(join(mine, 'package.json'), 'utf8'))
  const named = Array.from(readme.matchAll(/npm (?:run )?(start|test|check|types)/g), ([, name]) => name)
  t.same(named.sort(), Object.keys(scripts).sort())
  t.ok(readme.split('\n').length <= 25)
})

t.test('its test passes without a network, on the PostgreSQL that npm brings, and leaves none', async (t) => {
  const fresh = join(place, 'fresh')
  const without = (path: string) => !path.includes('node_modules')
  cpSync(mine, fresh, { recursive: true, filter: without })
  succeed(fresh, 'npm', ['ci', ...QUIET, '--offline'])
  const { status, stdout } = run(fresh, 'npm', ['test'], { TEST_DATABASE_URL: '', TMPDIR: place })
  t.equal(status, 0, stdout)
  t.match(stdout, /pass 1\n/)
  t.same(globSync('metrics-service-*', { cwd: place }), [])
})

t.test('check asks its collector, and names the file of one that is wrong', async (t) => {
  const { url } = await createDatabase(t)
  const check = (...args: string[]) =>
    run(mine, 'npm', ['run', '-s', 'check', '--', ...args], { DATABASE_URL: url })
  t.match(check(), { status: 0, stdout: /\nok +tables +1 / })
  const text = readFileSync(join(mine, 'collectors/tables.ts'), 'utf8')
  const wrong = join(mine, 'collectors/wrong.ts')
  t.teardown(() => rmSync(wrong))
  writeFileSync(wrong, text.replaceAll('pg_tables', 'nothing').replaceAll('tables', 'wrong'))
  const { status, stdout } = check()
  t.equal(status, 1)
  t.match(stdout, /error +wrong[\s\S]*in collectors\/wrong\.ts[\s\S]*relation "nothing" does not exist/)
})

t.test('serve shows its metric, and no signal opens a debugger', async (t) => {
  const { url } = await createDatabase(t)
  const command = [process.execPath, 'node_modules/.bin/metrics-service']
  const process_ = await spawnService(t, { DATABASE_URL: url, DEBUG_PORT: '0' }, { command, cwd: mine })
  await process_.said('metrics on')
  const samples = await until(process_, (samples) => rounds(samples, 'success') > 0)
  t.ok((samples.get('business_tables{schema="public"}') ?? 0) > 0)
  process_.child.kill('SIGUSR1')
  t.equal((await fetch(`${process_.url}/healthz`)).status, 200)
  t.equal((await fetch(`${process_.url}/`)).status, 200, 'with what its pages are made of')
  process_.child.kill('SIGTERM')
  t.equal(await process_.exit, 0)
  t.notMatch(process_.output(), /debugger/i)
})

t.test('a collector that the package made is taken by the service of another place', async (t) => {
  const { url } = await createDatabase(t)
  const args = ['src/cli.ts', 'check', '--folder', join(mine, 'collectors')]
  t.match(run(ROOT, process.execPath, args, { DATABASE_URL: url }), { status: 0, stdout: /\nok +tables +1 / })
  // By its path, which nothing resolves to the service's own copy.
  const copies = join(place, 'copies')
  mkdirSync(copies)
  const text = readFileSync(join(mine, 'collectors/tables.ts'), 'utf8')
  const copy = pathToFileURL(join(service, 'dist/src/collector.js')).href
  writeFileSync(join(copies, 'tables.ts'), text.replace("'metrics-service'", `'${copy}'`))
  // The compiler takes no import of a URL.
  const other = [...args.slice(0, -1), copies, '--no-types']
  t.match(run(ROOT, process.execPath, other, { DATABASE_URL: url }), {
    status: 0,
    stdout: /\nok +tables +1 /,
  })
})

t.test('import writes collectors that import the package, and run', async (t) => {
  const { url } = await createDatabase(t)
  const queries =
    'business:\n  query: SELECT 1 AS answers\n  metrics:\n    - answers: { usage: GAUGE, description: Answers. }\n'
  writeFileSync(join(place, 'queries.yaml'), queries)
  const out = join(mine, 'imported')
  t.teardown(() => rmSync(out, { recursive: true, force: true }))
  succeed(mine, 'npx', ['metrics-service', 'import', join(place, 'queries.yaml'), '--out', 'imported'])
  const [file = ''] = globSync('*.ts', { cwd: out })
  t.match(readFileSync(join(out, file), 'utf8'), "from 'metrics-service'\n")
  const check = run(mine, 'npx', ['metrics-service', 'check', '--folder', 'imported'], { DATABASE_URL: url })
  t.match(check, { stdout: /1 collector: 1 ok|with warnings/ })
})

t.test('its editor underlines what is misspelt, and so does the compiler', async (t) => {
  const text = readFileSync(join(mine, 'collectors/tables.ts'), 'utf8')
  const typo = join(mine, 'collectors/typo.ts')
  t.teardown(() => rmSync(typo))
  writeFileSync(typo, text.replace('  labels:', "  windo: { settle: '1m' },\n  labels:"))
  const [found, ...others] = await underlined(mine, 'collectors/typo.ts')
  t.match(found, { range: { start: { line: 4, character: 2 } }, message: /Did you mean to write 'window'\?/ })
  t.same(others, [])
  const { status, stdout } = run(mine, 'npm', ['run', '-s', 'types'])
  t.not(status, 0)
  t.match(stdout, /collectors\/typo\.ts\(5,3\): error TS\d+: .*'windo'/)
})

t.test('Node.js that is too old is said in a sentence, which it can read', async (t) => {
  const bin = join(service, 'bin/metrics-service.cjs')
  // What Node.js 6 can read, with the first line left to the system.
  parse(readFileSync(bin, 'utf8'), { ecmaVersion: 2015, sourceType: 'script', allowHashBang: true })
  const old = join(place, 'old.cjs')
  for (const version of ['8.17.0', '20.20.2', '22.18.9']) {
    writeFileSync(old, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
    const { status, stdout, stderr } = run(mine, process.execPath, ['--require', old, bin, '--version'])
    t.same([status, stdout], [1, ''])
    t.equal(stderr, `metrics-service needs Node.js 22.19 or newer, and this is ${version}.\n`)
  }
})

t.test(
  'the kustomization mounts its collectors in the Deployment',
  { skip: lacksProgram('kubectl') },
  async (t) => {
    const manifests = runProgram('kubectl', 'kustomize', mine)
    const [, name = ''] = /name: (metrics-service-collectors-\w+)/.exec(manifests) ?? []
    t.match(manifests, /kind: ConfigMap/)
    t.match(manifests, `configMap:\n          name: ${name}\n`)
    t.match(manifests, 'mountPath: /collectors')
    t.match(manifests, /name: COLLECTORS_FOLDER\n +value: \/collectors/)
    t.match(manifests, /name: DATABASE_URL_FILE\n/, 'with what the Deployment has')
  },
)
