import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { poll } from './poll.ts'
import { ROOT } from './root.ts'

t.test('what a test has started ends with it, even when that is killed', async (t) => {
  const script = `
    import { spawn } from 'node:child_process'
    import { leash } from './test/leash.ts'
    const forever = ['-e', 'setInterval(() => {}, 1000)']
    const [ended, left] = [leash(spawn(process.execPath, forever)), leash(spawn(process.execPath, forever))]
    ended.once('exit', () => console.log(left.pid))
    ended.kill('SIGKILL')
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => starter.kill('SIGKILL'))
  const pid = Number(String(await once(starter.stdout, 'data')).trim())
  t.ok(isAlive(pid))
  starter.kill('SIGKILL')
  await poll(
    () => isAlive(pid),
    (alive) => !alive,
  )
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
