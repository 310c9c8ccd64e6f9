// The state file, written atomically and synced. Imports nothing of the service.
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join, parse } from 'node:path'

/** A temporary file that is older than this many milliseconds is one that nobody writes any more. */
const ABANDONED = 60_000
/** What follows the name of the state file in that of a temporary one. */
const TEMPORARY = /^(\.[0-9a-f-]{36})?\.tmp$/
/** A symbolic link is not followed, and a pipe without a writer not waited for. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Returns the path of STATE_FILE for one database: counters.json becomes counters.eu.json for a database named eu. */
export function pathOf(file: string, database: string | undefined): string {
  if (database === undefined) return file
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.${database}${ext}`)
}

/**
 * A file that is always complete: a reader finds the old text or the new one. Others may write its folder, so it never
 * writes through a symbolic link, and never reads through one: it puts a file of its own in the place of the link.
 */
export class StateFile {
  readonly path: string
  /** The path of a copy that this version refuses or drops. */
  readonly rejected: string

  constructor(path: string) {
    this.path = path
    this.rejected = `${path}.rejected`
  }

  /** Whether there is the folder that it is in. */
  get hasFolder(): boolean {
    // With the dot, a path that is not a folder is refused, too.
    return existsSync(`${dirname(this.path)}/.`)
  }

  /** Returns the text; undefined when there is no file. Throws when it cannot be read. */
  read(): string | undefined {
    let file: number
    try {
      file = openSync(this.path, READ)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT') return undefined
      if (code === 'ELOOP') throw new Error('it is a symbolic link', { cause: error })
      throw error
    }
    try {
      if (!fstatSync(file).isFile()) throw new Error('it is not a regular file')
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  }

  /** Writes a temporary file, syncs it and renames it. Rejects when any step fails, as on a full disk. */
  async write(text: string): Promise<void> {
    const temporary = this.#temporary()
    // It must be new: what is there under its name is not ours.
    const handle = await open(temporary, 'wx', 0o600)
    try {
      try {
        await handle.writeFile(text)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.path)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
    const folder = await open(dirname(this.path), 'r')
    // Some file systems cannot sync a folder. The rename is done all the same.
    await folder.sync().catch(() => {})
    await folder.close()
  }

  /** Deletes the temporary files of processes that ended while they wrote one. What it may not delete stays. */
  clean(): void {
    const name = basename(this.path)
    for (const file of attempt(() => readdirSync(dirname(this.path))) ?? []) {
      if (!file.startsWith(name) || !TEMPORARY.test(file.slice(name.length))) continue
      attempt(() => {
        const path = join(dirname(this.path), file)
        if (Date.now() - lstatSync(path).mtimeMs > ABANDONED) unlinkSync(path)
      })
    }
  }

  /** Moves the file to `rejected`. */
  reject(): void {
    renameSync(this.path, this.rejected)
  }

  /** Copies the file to `rejected` and keeps it. */
  keepCopy(): void {
    const temporary = this.#temporary()
    copyFileSync(this.path, temporary, constants.COPYFILE_EXCL)
    renameSync(temporary, this.rejected)
  }

  #temporary(): string {
    return `${this.path}.${randomUUID()}.tmp`
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
