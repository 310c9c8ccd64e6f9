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
import t, { type Test } from 'tap'
import { createDatabase } from './database.ts'
import { readManifest } from './deploy/manifest.ts'
import { samplesOf } from './exposition.ts'
import { type ServiceProcess, spawnService } from './process.ts'

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

/** What the Dockerfile builds, at a place of its own. */
interface Image {
  readonly app: string
  readonly env: Readonly<Record<string, string>>
  /** The folder around it: what a test mounts may be put here. */
  readonly root: string
  /** The command of an instruction, with the image's own Node.js. */
  command(name: string): string[]
}

const instructions = instructionsOf(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))

function build(t: Test): Image {
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
  return {
    app,
    root,
    env: image,
    command: (name) => [join(bin, 'node'), ...execForm(instructions, name).slice(1)],
  }
}

/** The samples on the page of a service once it has run a round. */
async function firstRound({ url }: ServiceProcess): Promise<Map<string, number>> {
  for (;;) {
    const samples = samplesOf(await (await fetch(`${url}/metrics`)).text())
    if (samples.get('collection_duration_seconds_count{result="success"}')) return samples
  }
}

t.test('what the Dockerfile builds runs as the Deployment confines it', async (t) => {
  t.match(instructions[0], { name: 'FROM', text: 'node:24-slim' })
  t.ok(instructions.some(({ name, text }) => name === 'EXPOSE' && text === '9993 6063'))
  t.ok(instructions.some(({ name, text }) => name === 'USER' && text !== 'root'))
  const image = build(t)

  await t.test('it checks, becomes ready, is healthy, and stops', async (t) => {
    const { url } = await createDatabase(t)
    // The Secret, of which the Deployment names the path.
    const secret = join(image.root, 'database-url')
    writeFileSync(secret, url)
    const variables = (container?.env ?? []).map(({ name, value }) => [
      name,
      value?.startsWith('/') ? secret : value,
    ])
    // Tells at its end if a process has loaded the compiler.
    const watch = join(image.root, 'watch.cjs')
    writeFileSync(
      watch,
      "process.on('exit', () => process.moduleLoadList.some((name) => name.includes('amaro')) && console.error('compiles'))",
    )
    const env = { ...image.env, ...Object.fromEntries(variables) }
    const entry = (...args: string[]) => {
      const [node = '', ...rest] = image.command('ENTRYPOINT')
      return confined([node, '--require', watch, ...rest, ...args])
    }
    const check = (...args: string[]) => {
      const { command, ...as } = entry('check', ...args)
      // The test runner has every process load a part of its own.
      const options = { cwd: image.app, env, encoding: 'utf8', ...as } as const
      return spawnSync('env', ['-u', 'NODE_OPTIONS', ...command], options)
    }
    const { stdout, stderr, status } = check('connections', 'destinations')
    t.match(stdout, /2 collectors: 2 ok/)
    t.equal(stderr, '')
    t.equal(status, 0)
    t.equal(check('nothing').status, 2)

    const service = await spawnService(t, env, {
      ...entry(...execForm(instructions, 'CMD')),
      cwd: image.app,
    })
    await service.said('metrics on')
    const samples = await firstRound(service)
    t.ok(samples.has('business_installations_without_recent_success'))
    const { path: ready } = container?.readinessProbe?.httpGet ?? {}
    t.equal((await fetch(`${service.url}${ready}`)).status, 200)

    const [node = '', ...args] = image.command('HEALTHCHECK')
    const probe = (port: string) => execFileSync(node, args, { env: { PORT: port }, stdio: 'pipe' })
    probe(new URL(service.url).port)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.notMatch(service.output(), 'compiles')
    t.throws(() => probe(new URL(service.url).port), 'a service that is gone is not healthy')
  })

  await t.test('a folder that is mounted over collectors is what it collects, without a build', async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql.unsafe(readFileSync(join(ROOT, 'cookbook/schema.sql'), 'utf8'))
    await sql`INSERT INTO invoices (plan, due_time) VALUES ('team', now() - interval '1 day')`
    // What a mount comes to for whoever starts after it: another folder is in this place.
    const folder = join(image.app, 'collectors')
    execFileSync('chmod', ['-R', 'u+w', image.app])
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    cpSync(join(ROOT, 'cookbook/overdue-invoices.ts'), join(folder, 'overdue-invoices.ts'))
    execFileSync('chmod', ['-R', 'a-w,a+rX', image.app])
    const service = await spawnService(
      t,
      { ...image.env, DATABASE_URL: url },
      { ...confined([...image.command('ENTRYPOINT'), ...execForm(instructions, 'CMD')]), cwd: image.app },
    )
    await service.said('metrics on')
    const samples = await firstRound(service)
    t.equal(samples.get('business_invoices_overdue{plan="team"}'), 1)
    const runs = [...samples.keys()].filter((sample) => sample.startsWith('collector_success{'))
    t.same(runs, ['collector_success{collector="overdue-invoices"}'])
  })
})
