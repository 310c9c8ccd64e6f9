import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'

/** The path of STATE_FILE for one database: counters.json is counters.eu.json for a database with the name eu. */
export function pathOf(file: string, database: string | undefined): string {
  if (database === undefined) return file
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.${database}${ext}`)
}

/** A file that is always whole: a reader finds the old text or the new one. */
export class StateFile {
  readonly path: string
  /** Where a text is kept that this version refuses or drops. */
  readonly rejected: string

  constructor(path: string) {
    this.path = path
    this.rejected = `${path}.rejected`
  }

  /** The text; undefined when there is no file. Throws when it cannot be read. */
  read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes a temporary file, syncs it, and renames it. Rejects when the disk takes no more. */
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
    // Some file systems do not sync a folder; the rename itself is done.
    await folder.sync().catch(() => {})
    await folder.close()
  }

  /** Moves the file to `rejected`. */
  reject(): void {
    renameSync(this.path, this.rejected)
  }

  /** Copies the file to `rejected`, and leaves it where it is. */
  keepCopy(): void {
    copyFileSync(this.path, this.rejected)
  }
}
