// Tries files of collectors in a thread before the process imports them. Imports src/ and its own folder only.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describeError } from '../../src/finding.ts'
import { formatDuration } from '../../src/time/duration.ts'
import type { Versions } from './modules.ts'
import type { Rehearsal } from './rehearse.ts'

const THREAD = new URL(`rehearse${extname(import.meta.url)}`, import.meta.url)
/** Megabytes that the code of collectors may take: the thread ends before the process would. */
const MEMORY = 256

/**
 * Imports files in a thread, one after the other, so that one that never comes to an end, or ends its thread, does it
 * there. Resolves to what became of such files, by their URLs; `patience` is in milliseconds, for each file.
 */
export async function rehearse(
  versions: Versions,
  urls: readonly string[],
  patience: number,
): Promise<Map<string, string>> {
  const problems = new Map<string, string>()
  let left = urls
  // A thread that was prepared for nothing ends, too.
  while (left.length > 0 || ready !== undefined) {
    const stopped = await takeThread().rehearse({ versions, urls: left }, patience)
    if (stopped === undefined) break
    problems.set(stopped.url, stopped.problem)
    left = left.slice(left.indexOf(stopped.url) + 1)
  }
  return problems
}

/** A thread that imports files. It is started before it is known which, for that takes longer than to import them. */
class Thread {
  readonly #worker: Worker
  readonly #gone: Promise<void>
  #problem: string | undefined

  constructor() {
    // Of the flags of the process none is for the thread; what its code prints is printed when the process imports it.
    const env = { ...process.env, NODE_OPTIONS: '' }
    const resourceLimits = { maxOldGenerationSizeMb: MEMORY }
    this.#worker = new Worker(THREAD, { execArgv: [], env, resourceLimits, stdout: true, stderr: true })
    this.#worker.on('error', (error) => {
      this.#problem ??= `it ended the thread that tries it: ${describeError(error)}`
    })
    this.#gone = new Promise((resolve) => this.#worker.on('exit', () => resolve()))
    // One that is not needed does not keep the process from ending.
    this.#worker.unref()
  }

  /** Resolves to the file at which the thread had to be stopped, or stopped by itself. */
  async rehearse(
    files: Rehearsal,
    patience: number,
  ): Promise<{ readonly url: string; readonly problem: string } | undefined> {
    const worker = this.#worker
    worker.ref()
    worker.stdout.resume()
    worker.stderr.resume()
    let url: string | undefined = files.urls[0]
    const late = () => {
      this.#problem ??= `it does not come to an end within ${formatDuration(patience)}`
      void worker.terminate()
    }
    // The thread itself has to start, too.
    let timer = setTimeout(late, 2 * patience)
    worker.on('message', (next: string | undefined) => {
      url = next
      clearTimeout(timer)
      timer = setTimeout(late, patience)
    })
    worker.postMessage(files)
    await this.#gone
    clearTimeout(timer)
    return url === undefined ? undefined : { url, problem: this.#problem ?? 'it waits for what never comes' }
  }
}

let ready: Thread | undefined

/** Starts a thread for the next files, which are not known yet. */
export function prepareThread(): void {
  ready ??= new Thread()
}

function takeThread(): Thread {
  const thread = ready ?? new Thread()
  ready = undefined
  return thread
}
