// Sees when files hold something else. Imports src/ only.
import { readFile } from 'node:fs/promises'
import { describeError } from '../../src/finding.ts'
import { pause } from '../../src/time/deadline.ts'

/** Milliseconds between two looks. */
const INTERVAL = 1000

/**
 * Calls `changed` when files hold something else than `held`, what they had when they were last read: also when that changed
 * before this watch began. Returns a function that ends it.
 *
 * They are read, because a mounted secret is renewed by replacing symbolic links, which file system events miss.
 */
export function watchFiles(
  files: readonly string[],
  held: readonly Buffer[],
  changed: () => void,
): () => void {
  const stopping = new AbortController()
  const { signal } = stopping

  async function loop(): Promise<void> {
    let known = textOf(held)
    while (!signal.aborted) {
      await pause(INTERVAL, signal)
      const seen = textOf(await Promise.all(files.map(read)))
      if (seen === known || signal.aborted) continue
      known = seen
      changed()
    }
  }

  void loop()
  return () => stopping.abort()
}

/** What a file holds, or why it cannot be read. */
async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((error) => Buffer.from(describeError(error)))
}

function textOf(parts: readonly Buffer[]): string {
  return parts.map((part) => part.toString('latin1')).join('\0')
}
