import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import t from 'tap'
import { createDatabase } from './database.ts'
import { readManifest } from './deploy/manifest.ts'
import { samplesOf } from './exposition.ts'
import { spawnService } from './process.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const deployment = readManifest<IDeployment>('deployment.yaml')
const { securityContext, containers: [container] = [] } = deployment.spec?.template.spec ?? {}
/** Whom the Deployment runs the image as; only root can become another user. */
const USER = process.getuid?.() === 0 ? securityContext?.runAsUser : undefined

/**
 * Runs the rest of its arguments as the user of the first, without capabilities or a way to get them, on a root that is
 * read-only: as the Deployment has it. Asks for root, and for the right to mount.
 */
const CONFINE = `
for at in / /tmp; do
  if mountpoint -q "$at"; then mount -o remount,bind,ro "$at"; fi
done
user=$1
shift
exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all "$@"`

/** A command as the Deployment confines it, as far as this machine allows. */
function confined(command: string[]): { command: string[]; uid?: number } {
  if (USER === undefined) return { command }
  const mayMount = spawnSync('unshare', ['--mount', 'mount', '-o', 'remount,bind,ro', '/']).status === 0
  if (!mayMount) return { command, uid: USER }
  return { command: ['unshare', '--mount', 'sh', '-euc', CONFINE, 'sh', String(USER), ...command] }
}

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
  'what the Dockerfile builds runs as the Deployment confines it, becomes ready, is healthy, and stops',
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
    const here = (text: string) => text.replaceAll('/app/', `${app}/`)
    const image: Record<string, string> = {}
    let user = {}
    for (const { name, text } of instructions) {
      if (name === 'ENV')
        Object.assign(image, Object.fromEntries(new URLSearchParams(here(text).replaceAll(' ', '&'))))
      if (name === 'USER' && USER !== undefined) user = { uid: USER, gid: USER }
      if (name === 'RUN') {
        // Without what the test runner has every process load, and which this user may not write for.
        const command = ['-u', 'NODE_OPTIONS', 'sh', '-c', here(text)]
        execFileSync('env', command, { cwd: app, env: { ...env, ...image }, ...user, stdio: 'pipe' })
      }
      if (name !== 'COPY') continue
      const words = text.split(' ')
      const to = join(app, words.pop() ?? '')
      for (const from of words) {
        cpSync(join(ROOT, from), words.length > 1 ? join(to, basename(from)) : to, { recursive: true })
      }
    }
    const { mode } = statSync(join(app, 'state'))
    t.equal(mode & 0o002, 0o002, 'a new volume that is mounted here may be written')
    execFileSync('chmod', ['-R', 'a-w,a+rX', app])

    const run = (name: string) => [join(bin, 'node'), ...execForm(instructions, name).slice(1)]
    // The Secret, of which the Deployment names the path.
    const secret = join(root, 'database-url')
    writeFileSync(secret, url)
    const variables = (container?.env ?? []).map(({ name, value }) => [
      name,
      value?.startsWith('/') ? secret : value,
    ])
    const service = await spawnService(
      t,
      { ...image, ...Object.fromEntries(variables) },
      { ...confined(run('CMD')), cwd: app },
    )
    await service.said('metrics on')
    const page = async () => samplesOf(await (await fetch(`${service.url}/metrics`)).text())
    let samples = await page()
    while (!samples.get('collection_duration_seconds_count{result="success"}')) samples = await page()
    t.ok(samples.has('business_installations_without_recent_success'))
    const { path: ready } = container?.readinessProbe?.httpGet ?? {}
    t.equal((await fetch(`${service.url}${ready}`)).status, 200)

    const [node = '', ...args] = run('HEALTHCHECK')
    const check = (port: string) => execFileSync(node, args, { env: { PORT: port }, stdio: 'pipe' })
    check(new URL(service.url).port)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.throws(() => check(new URL(service.url).port), 'a service that is gone is not healthy')
  },
)
