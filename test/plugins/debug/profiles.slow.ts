import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { lacks } from '../../program.ts'
import { ROOT } from '../../root.ts'
import { type DebugProcess, spawnDebugProcess } from './debug-process.ts'
import { decodeProfile, type Frame, type Profile } from './pprof.ts'

t.jobs = 4

const ownFiles = ['src', 'plugins', 'collectors'].map((folder) => join(ROOT, folder, '/'))

/** Has the service work, with scrapes and rounds, until it has answered with a profile. */
async function underLoad(service: DebugProcess, path: string): Promise<Response> {
  let answered = false
  const answer = service.ask(path).finally(() => (answered = true))
  const load = async () => {
    while (!answered) await (await fetch(`${service.url}/metrics`)).text()
  }
  await Promise.all([load(), load()])
  return answer
}

const isOwn = ({ file }: Frame) => ownFiles.some((folder) => file.startsWith(folder))

/** Checks that functions of this project are found, each on a line of its file that declares one of its name. */
function hasOwnFunctions(t: Test, { samples }: Profile): void {
  const found = new Set<string>()
  for (const { name, file, line } of samples.flatMap(({ stack }) => stack).filter(isOwn)) {
    const declared = readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((text, index) => (text.includes(`function ${name}(`) ? [index + 1] : []))
    const place = `${name} at ${file}:${line}`
    if (declared.length === 0 || found.has(place)) continue
    found.add(place)
    t.ok(declared.includes(line), place)
  }
  t.not(found.size, 0)
}

const load = { operations: 2000 }
const busy = { METRICS_TICK_DURATION: '1s' }

for (const [path, name, types] of [
  ['profile?seconds=2', 'profile', ['sample/count', 'wall/nanoseconds', 'cpu/nanoseconds']],
  ['heap?seconds=2', 'heap', ['inuse_objects/count', 'inuse_space/bytes']],
] as const) {
  t.test(`${path} has the functions of this project, with file and line`, { buffered: true }, async (t) => {
    const service = await spawnDebugProcess(t, busy, load)
    const response = await underLoad(service, path)
    t.equal(response.status, 200)
    t.equal(response.headers.get('content-type'), 'application/octet-stream')
    t.equal(response.headers.get('content-disposition'), `attachment; filename="${name}"`)
    const profile = decodeProfile(await response.bytes())
    t.same(profile.types, types)
    hasOwnFunctions(t, profile)
    t.ok(profile.samples.some(({ values }) => (values.at(-1) ?? 0) > 0))
  })
}

t.test('what nobody holds any more is not in a heap profile', { buffered: true }, async (t) => {
  const service = await spawnDebugProcess(t)
  const answer = service.ask('heap?seconds=2')
  for (let asked = 0; asked < 1000; asked++) await (await fetch(`${service.url}/readyz`)).text()
  const { samples } = decodeProfile(await (await answer).bytes())
  // Not quite none: the code that V8 compiles meanwhile is in use.
  const ofAnswers = samples.filter(({ stack }) =>
    stack.some(({ file }) => file.endsWith('plugins/health.ts')),
  )
  const bytes = ofAnswers.reduce((sum, { values }) => sum + (values[1] ?? 0), 0)
  t.ok(bytes < 500 * 1000, `${bytes} bytes of 1000 answers are in use`)
})

t.test(
  'seconds that are none are refused, with the value and what it takes',
  { buffered: true },
  async (t) => {
    const service = await spawnDebugProcess(t)
    for (const path of ['profile', 'heap']) {
      for (const [query, value] of [
        ['seconds=0', '"0"'],
        ['seconds=301', '"301"'],
        ['seconds=1000', '"1000"'],
        ['seconds=-1', '"-1"'],
        ['seconds=1.5', '"1.5"'],
        ['seconds=1e2', '"1e2"'],
        ['seconds=%201', '" 1"'],
        ['seconds=abc', '"abc"'],
        ['seconds=', '""'],
        ['seconds', '""'],
        ['seconds=1&seconds=2', '["1","2"]'],
        ['seconds=%3Cb%3E', '"<b>"'],
      ]) {
        const response = await service.ask(`${path}?${query}`)
        t.equal(response.status, 400, `${path}?${query}`)
        t.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
        t.equal(response.headers.get('x-content-type-options'), 'nosniff')
        t.equal(await response.text(), `seconds is ${value}: expected a whole number from 1 to 300\n`)
      }
      t.equal((await service.ask(path, { method: 'HEAD' })).status, 404, 'HEAD takes none')
    }
  },
)

t.test('with DEBUG_TOKEN profiles are for those who have it', { buffered: true }, async (t) => {
  const service = await spawnDebugProcess(t, { DEBUG_TOKEN: 'open-sesame' })
  const headers = { authorization: 'Bearer open-sesame' }
  for (const path of ['', 'profile?seconds=1', 'heap?seconds=1']) {
    t.equal((await service.ask(path)).status, 401)
    t.equal((await service.ask(path, { headers })).status, 200)
  }
})

t.test(
  'the index links each profile, and gives commands with its own address',
  { buffered: true },
  async (t) => {
    const service = await spawnDebugProcess(t)
    const response = await service.ask('')
    t.match(response.headers.get('content-type'), 'text/html')
    t.match(response.headers.get('content-security-policy'), "default-src 'none'")
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const page = await response.text()
    for (const path of ['profile', 'heap']) {
      t.match(page, `href="/debug/pprof/${path}"`)
      t.match(page, `'${service.profiles}${path}?seconds=`)
    }
    t.notMatch(page, '<script')
  },
)

t.test(
  'go tool pprof reads profiles, and shows why it got none',
  { skip: lacks('go', 'golang-go'), buffered: true },
  async (t) => {
    const service = await spawnDebugProcess(t, busy, load)
    const home = t.testdir()
    const pprof = async (...arguments_: string[]) => {
      const env = { PATH: process.env.PATH, HOME: home, PPROF_TMPDIR: home }
      const { stdout, stderr } = await promisify(execFile)('go', ['tool', 'pprof', ...arguments_], {
        env,
      }).catch((error) => error)
      return stdout + stderr
    }
    for (const [path, type, unit] of [
      ['profile?seconds=2', 'cpu', /\d+m?s +[\d.]+%/],
      ['heap?seconds=2', 'inuse_space', /\d+[kM]?B +[\d.]+%/],
    ] as const) {
      const file = join(home, type)
      writeFileSync(file, await (await underLoad(service, path)).bytes())
      const top = await pprof('-top', '-cum', '-lines', '-nodefraction=0', '-nodecount=100000', file)
      t.match(top, `Type: ${type}`)
      t.match(top, unit)
      t.match(top, new RegExp(`${ROOT}(src|plugins|collectors)/\\S+\\.ts:\\d+`))
    }
    t.match(
      await pprof('-top', `${service.profiles}profile?seconds=1`),
      'Type: cpu',
      'from the service itself',
    )
    t.match(await pprof('-top', `${service.profiles}heap?seconds=301`), 'seconds is "301": expected a')
  },
)
