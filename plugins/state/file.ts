// The state file, written atomically and synced. Imports nothing of the service.
import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'

/** Returns the path of STATE_FILE for one database: counters.json becomes counters.eu.json for a database named eu. */
export function pathOf(file: string, database: string | undefined): string {
  if (database === undefined) return file
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.${database}${ext}`)
}

/** A file that is always complete: a reader finds the old text or the new one. */
export class StateFile {
  readonly path: string
  /** The path of a copy that this version refuses or drops. */
  readonly rejected: string

  constructor(path: string) {
    this.path = path
    this.rejected = `${path}.rejected`
  }

  /** Returns the text; undefined when there is no file. Throws when it cannot be read. */
  read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes a temporary file, syncs it and renames it. Rejects when any step fails, as on a full disk. */
  async write(text: string): Promise<void> {
    const temporary = `${this.path}.tmp`
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, this.path)
    const folder = await open(dirname(this.path), 'r')
    // Some file systems cannot sync a folder. The rename is done all the same.
    await folder.sync().catch(() => {})
    await folder.close()
  }

  /** Moves the file to `rejected`. */
  reject(): void {
    renameSync(this.path, this.rejected)
  }

  /** Copies the file to `rejected` and keeps it. */
  keepCopy(): void {
    copyFileSync(this.path, this.rejected)
  }
}
