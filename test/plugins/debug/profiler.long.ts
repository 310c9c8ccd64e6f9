import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { poll } from '../../poll.ts'
import type { ServiceProcess } from '../../process.ts'
import { spawnDebugProcess } from './debug-process.ts'
import { decodeProfile } from './pprof.ts'

t.jobs = 4

/** What is known of a process without asking it. */
const noProc = process.platform !== 'linux' && 'there is no /proc'

/** The CPU profiler has a thread of its own, which V8 gives this name. */
function samplesCpu({ child }: ServiceProcess): boolean {
  return readdirSync(`/proc/${child.pid}/task`).some((id) => {
    try {
      return readFileSync(`/proc/${child.pid}/task/${id}/comm`, 'utf8') === 'v8:ProfEvntProc\n'
    } catch {
      // It has ended since.
      return false
    }
  })
}

function hasProfiler({ child }: ServiceProcess): boolean {
  return readFileSync(`/proc/${child.pid}/maps`, 'utf8').includes('dd_pprof')
}

const until = (condition: () => boolean | Promise<boolean>) => poll(condition, (holds) => holds)

t.test(
  'nothing of the profiler is there before it is asked for, nor runs after',
  { skip: noProc, buffered: true },
  async (t) => {
    const service = await spawnDebugProcess(t)
    t.equal((await service.ask('')).status, 200)
    t.equal((await service.ask('profile?seconds=0')).status, 400)
    t.notOk(hasProfiler(service))
    const answer = service.ask('profile?seconds=1')
    await until(() => samplesCpu(service))
    t.ok(hasProfiler(service))
    await (await answer).bytes()
    t.notOk(samplesCpu(service))
  },
)

t.test('one profile of a kind at a time; of both kinds together', { buffered: true }, async (t) => {
  const service = await spawnDebugProcess(t)
  for (const path of ['profile', 'heap']) {
    const [first, second] = await Promise.all([
      service.ask(`${path}?seconds=1`),
      service.ask(`${path}?seconds=1`),
    ])
    t.same([first.status, second.status].sort(), [200, 409])
    const refused = first.status === 409 ? first : second
    t.match(await refused.text(), /is already running: retry when it has ended\n$/)
    t.equal((await service.ask(`${path}?seconds=1`)).status, 200, 'and again when it has ended')
  }
  const both = await Promise.all([service.ask('profile?seconds=1'), service.ask('heap?seconds=1')])
  t.same(
    both.map(({ status }) => status),
    [200, 200],
  )
})

t.test('a profile whose client goes away is stopped at once', { skip: noProc, buffered: true }, async (t) => {
  const service = await spawnDebugProcess(t)
  const leaving = new AbortController()
  const asked = ['profile', 'heap'].map((path) =>
    service.ask(`${path}?seconds=300`, { signal: leaving.signal }),
  )
  await until(() => samplesCpu(service))
  const second = async (path: string) => (await service.ask(`${path}?seconds=1`)).status
  await until(async () => (await second('heap')) === 409)
  leaving.abort()
  for (const each of asked) await t.rejects(each)
  await until(() => !samplesCpu(service))
  for (const path of ['profile', 'heap']) await until(async () => (await second(path)) === 200)
  t.notMatch(service.output(), /"level":"(warn|error|fatal)"/)
})

for (const path of ['profile', 'heap']) {
  t.test(
    `SIGTERM ends a ${path} early, which is answered with what it has`,
    { buffered: true },
    async (t) => {
      const service = await spawnDebugProcess(t)
      const answer = service.ask(`${path}?seconds=300`)
      await until(async () => (await service.ask(`${path}?seconds=1`)).status === 409)
      service.child.kill('SIGTERM')
      const response = await answer
      t.equal(response.status, 200)
      t.match(decodeProfile(await response.bytes()).types, [/\/(count)/, /\/(nanoseconds|bytes)/])
      t.equal(await service.exit, 0)
      t.notMatch(service.output(), /"level":"(warn|error|fatal)"/)
    },
  )
}
