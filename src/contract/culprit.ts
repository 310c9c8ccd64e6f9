import { AsyncLocalStorage } from 'node:async_hooks'
import { frameOf } from '../frame.ts'
import type { Collector } from './collector.ts'

/**
 * Whose code runs: that of a version of a file since it was loaded, or that of a collector since its query was made. Code
 * of an earlier version may go on, as in a timer.
 */
export interface Culprit {
  /** The path of the file, and its URL with the version. */
  readonly file?: string
  readonly url?: string
  readonly collector?: Collector
}

const running = new AsyncLocalStorage<Culprit>()

/** Runs code of a collector. Whatever it starts, such as a timer or a promise, is the culprit's from then on. */
export function runAs<T>(culprit: Culprit, work: () => T): T {
  return running.run(culprit, work)
}

/** Whose code runs; undefined when it is the service's own. */
export function currentCulprit(): Culprit | undefined {
  return running.getStore()
}

/** The files of collectors that were loaded, by the URL that a stack has. */
const files = new Map<string, Culprit>()

/** Remembers the file that a module was loaded from. */
export function remember(url: string, culprit: Culprit): void {
  files.set(url, culprit)
}

/**
 * Whose an error is that nobody caught; undefined when it is the service's own. It is asked where the error arrives,
 * because the context there is that of the code that threw. Where that is lost, the stack names the file.
 */
export function culpritOf(error: unknown): Culprit | undefined {
  const culprit = currentCulprit()
  if (culprit !== undefined) return culprit
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  // The innermost frame that is no code of Node.js: what a collector calls is the service's own.
  const [frame] = stack.split('\n').flatMap((line) => frameOf(line) ?? [])
  return frame === undefined ? undefined : files.get(frame.url)
}
