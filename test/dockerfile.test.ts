import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createDatabase } from './database.ts'
import { samplesOf } from './exposition.ts'
import { spawnService } from './process.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The user and group `nobody` of Linux distributions; only root can become another user. */
const NOBODY = process.getuid?.() === 0 ? 65534 : undefined

interface Instruction {
  readonly name: string
  readonly text: string
}

function instructionsOf(dockerfile: string): Instruction[] {
  return dockerfile
    .split('\n')
    .map((line) => /^([A-Z]+) (.*)$/.exec(line))
    .flatMap((found) => (found === null ? [] : { name: found[1] ?? '', text: found[2] ?? '' }))
}

/** A command in the form that has no shell, so that signals arrive. */
function execForm(instructions: readonly Instruction[], name: string): string[] {
  const { text = '' } = instructions.find((instruction) => instruction.name === name) ?? {}
  return JSON.parse(text.slice(text.indexOf('[')))
}

t.test(
  'what the Dockerfile builds runs as a user who can write nothing, is healthy, and stops',
  async (t) => {
    const { url } = await createDatabase(t)
    const instructions = instructionsOf(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))
    t.match(instructions[0], { name: 'FROM', text: 'node:24-slim' })
    t.ok(instructions.some(({ name, text }) => name === 'EXPOSE' && text === '9993 6063'))
    t.ok(instructions.some(({ name, text }) => name === 'USER' && text !== 'root'))

    const root = mkdtempSync(join(tmpdir(), 'metrics-service-image-'))
    const app = join(root, 'app')
    t.teardown(() => {
      execFileSync('chmod', ['-R', 'u+w', root])
      rmSync(root, { recursive: true, force: true })
    })
    // The image's own Node.js, at a place that every user can reach.
    const bin = join(root, 'bin')
    mkdirSync(bin)
    mkdirSync(app)
    cpSync(process.execPath, join(bin, 'node'))
    chmodSync(root, 0o755)
    const env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      npm_config_cache: join(root, 'cache'),
    }
    for (const { name, text } of instructions) {
      if (name === 'RUN')
        execFileSync('sh', ['-c', text.replaceAll('/app/', `${app}/`)], { cwd: app, env, stdio: 'pipe' })
      if (name !== 'COPY') continue
      const words = text.split(' ')
      const to = join(app, words.pop() ?? '')
      for (const from of words) {
        cpSync(join(ROOT, from), words.length > 1 ? join(to, basename(from)) : to, { recursive: true })
      }
    }
    execFileSync('chmod', ['-R', 'a-w,a+rX', app])

    const run = (name: string) => [join(bin, 'node'), ...execForm(instructions, name).slice(1)]
    const service = await spawnService(
      t,
      { DATABASE_URL: url },
      { command: run('CMD'), cwd: app, ...(NOBODY === undefined ? {} : { uid: NOBODY }) },
    )
    await service.said('metrics on')
    const page = async () => samplesOf(await (await fetch(`${service.url}/metrics`)).text())
    let samples = await page()
    while (!samples.get('collection_duration_seconds_count{result="success"}')) samples = await page()
    t.ok(samples.has('business_installations_without_recent_success'))

    const [node = '', ...args] = run('HEALTHCHECK')
    const check = (port: string) => execFileSync(node, args, { env: { PORT: port }, stdio: 'pipe' })
    check(new URL(service.url).port)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.throws(() => check(new URL(service.url).port), 'a service that is gone is not healthy')
  },
)
