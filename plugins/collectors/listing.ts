// Lists the files of a folder of collectors. Imports src/ only.
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../../src/finding.ts'

/** A file that is to hold a collector. */
export interface FoundFile {
  /** Its path, relative to the working directory if it is below that. */
  readonly path: string
  /** Its URL with a version, which changes with its content and with what is beside the collectors. */
  readonly url: string
  /** Why it cannot be read. */
  readonly problem?: string
}

/** The content of a folder of collectors. */
export interface Listing extends Look {
  /** In the order of their paths. */
  readonly files: readonly FoundFile[]
  /** Scripts that are left aside because of their names, and folders of packages. */
  readonly aside: readonly string[]
  /** What looks like a collector and is not one. */
  readonly strange: readonly string[]
  /** The version of whatever is no collector: helpers, and the data that they read. */
  readonly others: string
}

const SCRIPT = /\.[cm]?[jt]s$/
/** Declarations of types, and tests. */
const NO_COLLECTOR = /\.d\.[cm]?ts$|\.(test|spec)\.[cm]?[jt]s$/
/** A script for another runtime, or by another spelling. */
const STRANGE = /\.[cm]?[jt]sx?$/i
/** What an editor puts beside a file while it is edited, and a ConfigMap's own folders. */
const HIDDEN = /^\.|~$|\.(bak|orig|rej|swp|tmp)$/
/** Bytes of a script: more is no collector. Of other files this much counts for the version. */
const LARGEST = 4 * 1024 * 1024
/** Files and folders: with more, it is another folder than was meant. */
const MOST = 10_000

/** An entry of a folder, after links: its name is that of the link. */
interface Entry {
  /** The path in the folder. */
  readonly name: string
  readonly path: string
  readonly kind: 'script' | 'helper' | 'other' | 'aside' | 'strange' | 'folder'
  /** What changes when the entry does. */
  readonly stamp: string
  readonly size: number
  readonly problem?: string
}

/** Lists a folder, through its links. Rejects when it cannot be read, or has far more files than collectors need. */
export async function listFolder(folder: string): Promise<Listing> {
  const entries = await walk(folder)
  const of = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind)
  const hash = createHash('sha256')
  for (const { name, path, size, stamp } of entries.filter(
    ({ kind }) => kind === 'helper' || kind === 'other',
  )) {
    const content = size > LARGEST ? stamp : await readFile(path).catch(describeError)
    hash.update(name).update('\0').update(content).update('\0')
  }
  const others = hash.digest('hex')
  const files = await Promise.all(of('script').map((entry) => found(entry, others)))
  return {
    files,
    aside: [...of('aside'), ...of('helper')].map(({ name }) => name),
    strange: of('strange').map(({ name }) => name),
    others: others.slice(0, 16),
    ...lookOf(folder, entries),
  }
}

/** What a folder looks like from outside of its files. */
export interface Look {
  /** Changes when a file of the folder does, but for those that editors keep beside others. */
  readonly stamp: string
  /** The folders that it has, with itself. */
  readonly folders: readonly string[]
}

/** Looks at a folder without reading a file of it. */
export async function lookAt(folder: string): Promise<Look> {
  return lookOf(folder, await walk(folder))
}

function lookOf(folder: string, entries: readonly Entry[]): Look {
  const folders = entries.filter(({ kind }) => kind === 'folder').map(({ path }) => path)
  const stamps = entries.map(({ name, kind, stamp, problem }) => [name, kind, stamp, problem].join())
  return { stamp: stamps.join('\n'), folders: [folder, ...folders] }
}

async function found({ path, size, problem }: Entry, others: string): Promise<FoundFile> {
  const url = pathToFileURL(path)
  const given = { path: shown(path), url: url.href }
  if (problem !== undefined) return { ...given, problem }
  if (size > LARGEST) return { ...given, problem: `it has ${size} bytes: no collector has as many` }
  try {
    const content = await readFile(path)
    url.search = `v=${createHash('sha256').update(content).update(others).digest('hex').slice(0, 16)}`
    return { path: shown(path), url: url.href }
  } catch (error) {
    return { ...given, problem: describeError(error) }
  }
}

async function walk(folder: string): Promise<Entry[]> {
  const entries: Entry[] = []
  await walkInto(folder, '', [await realpath(folder)], entries)
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** `above` has the folders that this one is in, after links: a link to one of them has no end. */
async function walkInto(
  folder: string,
  prefix: string,
  above: readonly string[],
  entries: Entry[],
): Promise<void> {
  for (const base of await readdir(folder)) {
    const [name, path] = [prefix + base, join(folder, base)]
    const kind = kindOf(name, base)
    if (kind === undefined) continue
    if (entries.push({ name, path, ...(await look(path, kind)) }) > MOST) throw new TooManyError()
    const entry = entries.at(-1)
    if (entry?.kind !== 'folder') continue
    const real = await realpath(path)
    if (above.includes(real)) continue
    const count = entries.length
    try {
      await walkInto(path, `${name}/`, [...above, real], entries)
    } catch (error) {
      if (error instanceof TooManyError) throw error
      entries.splice(count)
      entries.push({ name, path, kind: 'script', stamp: '', size: 0, problem: describeError(error) })
    }
  }
}

class TooManyError extends Error {
  override readonly message = `it has more than ${MOST} files`
}

/** What a path leads to, if the name of the path is that of such a kind. */
async function look(path: string, kind: Entry['kind']): Promise<Omit<Entry, 'name' | 'path'>> {
  if (kind === 'aside') return { kind, stamp: '', size: 0 }
  try {
    const is = await stat(path)
    const stamp = [is.mtimeMs, is.ino, is.size].join()
    if (is.isDirectory()) return { kind: 'folder', stamp: '', size: 0 }
    if (!is.isFile()) return { kind, stamp, size: 0, problem: 'it is no file' }
    return { kind, stamp, size: is.size }
  } catch (error) {
    // Between the listing and this it may have gone, as when an editor replaces it.
    const link = await lstat(path).catch(() => undefined)
    if (link === undefined) return { kind: 'other', stamp: 'gone', size: 0 }
    const problem = link.isSymbolicLink() ? `it is a link that leads nowhere` : describeError(error)
    return { kind, stamp: 'closed', size: 0, problem }
  }
}

/** The kind of a file with this name; undefined for what nobody means. A folder is told by what it is. */
function kindOf(name: string, base: string): Entry['kind'] | undefined {
  if (base === 'node_modules') return 'aside'
  if (HIDDEN.test(base)) return SCRIPT.test(base) && !base.startsWith('.#') ? 'aside' : undefined
  if (NO_COLLECTOR.test(base)) return 'aside'
  const isHelper = name.split('/').some((part) => part.startsWith('_'))
  if (SCRIPT.test(base)) return isHelper ? 'helper' : 'script'
  return STRANGE.test(base) && !isHelper ? 'strange' : 'other'
}

function shown(path: string): string {
  const short = relative('', path)
  return short.startsWith('..') ? path : short || basename(path)
}
