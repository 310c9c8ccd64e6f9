import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose code runs: that of a file while it is loaded, or that of a collector by its name. */
export interface Culprit {
  readonly file?: string
  readonly name?: string
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

/** The files of collectors that were loaded: the path that people read by the URL that a stack has. */
const files = new Map<string, string>()

/** Remembers the file that a module was loaded from. */
export function remember(url: string, file: string): void {
  files.set(url, file)
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
  const frame = /\(?(file:\/\/[^\s)]+?):\d+:\d+\)?$/m.exec(stack)?.[1]
  const file = frame === undefined ? undefined : files.get(frame)
  return file === undefined ? undefined : { file }
}
