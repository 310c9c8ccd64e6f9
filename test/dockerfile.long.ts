import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import t, { type Test } from 'tap'
import { createDatabase } from './database.ts'
import { readManifest } from './deploy/manifest.ts'
import { spawnService } from './process.ts'
import { ROOT } from './root.ts'
import { rounds, until } from './scrape.ts'

// No engine of containers is needed: the lines of the Dockerfile run in a folder that holds only what they copy.

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

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8').split('\n')

/** The Dockerfile, whose every instruction is one line of one of these kinds. */
const instructions = read('Dockerfile')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const found = /^(ARG|FROM|WORKDIR|ENV|COPY|RUN|USER|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD) (.*[^\\])$/.exec(
      line,
    )
    if (found === null) throw new Error(`this test does not know what the Dockerfile does with "${line}"`)
    const [, name = '', text = ''] = found
    return { name, text }
  })
const textsOf = (name: string) => instructions.filter((each) => each.name === name).map(({ text }) => text)

/** What an instruction comes to for a shell in the folder of the image. */
function shell({ name, text }: { name: string; text: string }): string {
  if (name === 'RUN') return text
  if (name === 'ENV') return `export ${text}`
  if (name !== 'COPY') return ''
  const to = text.slice(text.lastIndexOf(' ') + 1)
  return `mkdir -p "$(dirname ${to})" && cp -r ${text.replaceAll(/\S+ /g, `'${ROOT}'$&`)}`
}

/** What the Dockerfile builds, at a place of its own. */
interface Image {
  readonly app: string
  /** The folder around it: what a test mounts may be put here. */
  readonly root: string
  /** The command of an instruction, with the image's own Node.js and environment, and options of Node.js. */
  command(name: string, ...options: string[]): string[]
}

/** Folders of the base image, each with what is in it. */
const OF_BASE: readonly [folder: string, ...files: string[]][] = [
  ['usr/local/bin', 'node', 'npm', 'npx', 'corepack', 'yarn', 'yarnpkg'],
  ['usr/local/lib/node_modules', 'npm'],
  ['opt/yarn-v1.22.22', 'bin'],
]

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
  // What the base image has beside Node.js.
  for (const [folder, ...files] of OF_BASE) {
    mkdirSync(join(root, folder), { recursive: true })
    for (const file of files) writeFileSync(join(root, folder, file), '')
  }
  const here = (text: string) =>
    text.replaceAll('/app/', `${app}/`).replaceAll(/ (\/(usr|opt)\/)/g, ` ${root}$1`)
  // Without what the test runner has every process load, and which the image's user may not write for.
  const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: __, PATH, ...rest } = process.env
  const env = { ...rest, PATH: `${bin}${delimiter}${PATH}`, npm_config_cache: join(root, 'cache') }
  const run = (lines: typeof instructions, user = {}) => {
    // The second part has the variables of the first.
    const script = here(lines.map(shell).join('\n'))
    execFileSync('sh', ['-euc', script], { cwd: app, env, stdio: 'pipe', ...user })
  }
  for (let start = 0, end: number; start < instructions.length; start = end) {
    const next = instructions.findIndex(({ name }, i) => i > start && name === 'USER')
    end = next === -1 ? instructions.length : next
    const before = instructions.slice(0, start).filter(({ name }) => name === 'ENV')
    const part = instructions.slice(start, end)
    const user = part[0]?.name === 'USER' ? Number(part[0].text) : 0
    run([...before, ...part], USER === undefined ? {} : { uid: user, gid: user })
  }
  const left = globSync('{usr,opt}/**', { cwd: root }).filter((path) => statSync(join(root, path)).isFile())
  t.same(left, ['usr/local/bin/node'], 'nothing that installs anything is left')
  const as = USER === undefined ? {} : { uid: USER, gid: USER }
  const writable = spawnSync('find', [app, '-writable', '-not', '-type', 'l'], {
    encoding: 'utf8',
    ...as,
  }).stdout
  if (USER !== undefined)
    t.same(writable.split('\n'), [join(app, 'state'), ''], 'nothing else may be written')
  execFileSync('chmod', ['-R', 'a-w,a+rX', app])
  return {
    app,
    root,
    command(name, ...options) {
      const [text = ''] = textsOf(name)
      const [, ...args]: string[] = JSON.parse(text.slice(text.indexOf('[')))
      return ['env', ...here(textsOf('ENV').join(' ')).split(' '), join(bin, 'node'), ...options, ...args]
    },
  }
}

t.test('what the Dockerfile copies is let through by .dockerignore, and nothing else is', async (t) => {
  const copied = textsOf('COPY').flatMap((text) => text.split(' ').slice(0, -1))
  const ignored = read('.dockerignore').filter((line) => line !== '')
  t.same(ignored.sort(), ['*', ...copied.map((path) => `!${path}`)].sort())
})

t.test('what the Dockerfile builds runs as the Deployment confines it', async (t) => {
  t.same(textsOf('ARG'), ['NODE=node:24-slim'])
  t.same(textsOf('FROM'), ['$NODE'])
  t.same(textsOf('EXPOSE'), ['9993 6063'])
  t.equal(textsOf('USER').at(-1), String(securityContext?.runAsUser))
  t.same(textsOf('CMD'), ['[]'], 'the image takes no arguments by itself')
  const image = build(t)

  await t.test('the image checks, becomes ready, is healthy, and stops', async (t) => {
    const { url } = await createDatabase(t)
    // The Secret, of which the Deployment names the path.
    const secret = join(image.root, 'database-url')
    writeFileSync(secret, url)
    const variables = (container?.env ?? []).map(({ name, value }) => [
      name,
      value?.startsWith('/') ? secret : value,
    ])
    const env = Object.fromEntries(variables)
    // Tells at its end if a process has loaded the compiler.
    const watch = join(image.root, 'watch.cjs')
    writeFileSync(
      watch,
      "process.on('exit', () => process.moduleLoadList.some((name) => name.includes('amaro')) && console.error('compiles'))",
    )
    const entry = (...args: string[]) =>
      confined([...image.command('ENTRYPOINT', '--require', watch), ...args])
    const check = (...args: string[]) => {
      const { command, ...as } = entry('check', ...args)
      // The test runner has every process load a part of its own, which writes where this user may not.
      return spawnSync('env', ['-u', 'NODE_OPTIONS', ...command], {
        cwd: image.app,
        env: { PATH: process.env.PATH, ...env },
        encoding: 'utf8',
        ...as,
      })
    }
    const { stdout, stderr, status } = check('connections', 'destinations')
    t.match(stdout, /2 collectors: 2 ok/)
    t.equal(stderr, '')
    t.equal(status, 0)
    t.equal(check('nothing').status, 2)

    const service = await spawnService(t, env, { ...entry(), cwd: image.app })
    await service.said('metrics on')
    const samples = await until(service, (samples) => rounds(samples, 'success') > 0)
    t.ok(samples.has('business_installations_without_recent_success'))
    const { path: ready } = container?.readinessProbe?.httpGet ?? {}
    t.equal((await fetch(`${service.url}${ready}`)).status, 200)

    const { port } = new URL(service.url)
    const probe = () =>
      execFileSync('env', [`PORT=${port}`, ...image.command('HEALTHCHECK')], {
        cwd: image.app,
        stdio: 'pipe',
      })
    probe()
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.notMatch(service.output(), 'compiles')
    t.throws(probe, 'a service that is gone is not healthy')
  })

  await t.test('init makes a folder in one that is mounted', async (t) => {
    const mounted = mkdtempSync(join(image.root, 'mounted-'))
    chmodSync(mounted, 0o777)
    const folder = join(mounted, 'my-metrics')
    const [program = '', ...args] = [
      'env',
      '-u',
      'NODE_OPTIONS',
      ...image.command('ENTRYPOINT'),
      'init',
      folder,
    ]
    const as = USER === undefined ? {} : { uid: USER, gid: USER }
    const options = { cwd: image.app, encoding: 'utf8', ...as } as const
    const { stdout, stderr } = spawnSync(program, [...args, '--kubernetes'], options)
    t.equal(stderr, '')
    t.match(stdout, 'kubernetes/deployment.yaml')
    const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    t.match(devDependencies['metrics-service'], /^\^\d/, 'the image has no archive to give')
  })

  await t.test(
    'a folder that is mounted over the collectors of the image is what it collects, without a build',
    async (t) => {
      const { url, sql } = await createDatabase(t, { schema: false })
      await sql.unsafe(readFileSync(join(ROOT, 'cookbook/schema.sql'), 'utf8'))
      await sql`INSERT INTO invoices (plan, due_time) VALUES ('team', now() - interval '1 day')`
      // What a mount comes to for a process that starts after it: another folder is in this place.
      const folder = join(image.app, 'collectors')
      execFileSync('chmod', ['-R', 'u+w', image.app])
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
      cpSync(join(ROOT, 'cookbook/overdue-invoices.ts'), join(folder, 'overdue-invoices.ts'))
      execFileSync('chmod', ['-R', 'a-w,a+rX', image.app])
      const entry = confined(image.command('ENTRYPOINT'))
      const service = await spawnService(t, { DATABASE_URL: url }, { ...entry, cwd: image.app })
      await service.said('metrics on')
      const samples = await until(service, (samples) => rounds(samples, 'success') > 0)
      t.equal(samples.get('business_invoices_overdue{plan="team"}'), 1)
      const runs = [...samples.keys()].filter((sample) => sample.startsWith('collector_success{'))
      t.same(runs, ['collector_success{collector="overdue-invoices"}'])
    },
  )
})
