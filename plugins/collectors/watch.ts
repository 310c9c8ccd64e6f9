// Sees what changes in the folder of collectors. Imports src/ and its own folder only.
import { type FSWatcher, watch } from 'node:fs'
import { pause } from '../../src/time/deadline.ts'
import type { CollectorFolder, Loaded } from './folder.ts'

/** Milliseconds between two looks: events do not come from every file system, nor from behind a link. */
const INTERVAL = 3000
/** Milliseconds without a change after which a file is whole. */
const SETTLED = 150

/**
 * Calls `changed`, which never rejects, when a file of the folder has changed and no other follows at once. Returns a
 * function that ends it.
 */
export function watchFolder(
  folder: CollectorFolder,
  { folders, stamp }: Pick<Loaded, 'folders' | 'stamp'>,
  changed: () => Promise<unknown>,
): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  const watchers = new Map<string, FSWatcher>()
  let woken = new AbortController()

  function follow(path: string): void {
    if (watchers.has(path) || signal.aborted) return
    const forget = () => {
      watchers.get(path)?.close()
      watchers.delete(path)
    }
    try {
      const watcher = watch(path, { persistent: false }, () => woken.abort())
      watchers.set(path, watcher)
      watcher.on('error', forget)
    } catch {
      // It is looked at all the same.
    }
  }

  async function loop(): Promise<void> {
    let known = stamp
    while (!signal.aborted) {
      await pause(INTERVAL, woken.signal)
      // What happens from now on is for the next look.
      woken = new AbortController()
      const seen = await settled(known)
      if (seen === known || signal.aborted) continue
      known = seen
      await changed()
    }
  }

  /** Waits until two looks see the same. */
  async function settled(known: string): Promise<string> {
    let seen = await look()
    while (seen !== known && !signal.aborted) {
      await pause(SETTLED, signal)
      const again = await look()
      if (again === seen) break
      seen = again
    }
    return seen
  }

  async function look(): Promise<string> {
    try {
      const { stamp, folders } = await folder.look()
      for (const path of folders) follow(path)
      return stamp
    } catch (error) {
      return String(error)
    }
  }

  for (const path of folders) follow(path)
  void loop()
  return () => {
    stopping.abort()
    woken.abort()
    for (const watcher of watchers.values()) watcher.close()
  }
}
