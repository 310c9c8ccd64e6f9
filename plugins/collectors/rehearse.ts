// A thread that imports files before the process does. Imports src/ and its own folder only.
import { parentPort } from 'node:worker_threads'
import { runAs } from '../../src/contract/culprit.ts'
import { guardProcess } from './guard.ts'
import { useVersions, type Versions } from './modules.ts'

/** What the thread is given. */
export interface Rehearsal {
  readonly versions: Versions
  /** The URLs of the files, with their versions. */
  readonly urls: readonly string[]
}

/** A tag that takes whatever a query does with it: what is asked for, called or made of it is itself. */
const tag: unknown = new Proxy(() => {}, {
  apply: () => tag,
  get: (_, property) => (typeof property === 'symbol' || property === 'then' ? undefined : tag),
})

// What is wrong is said when the process imports the file. Here it is whether that comes to an end.
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => {})
guardProcess()
// Not awaited: a file that waits for what never comes lets the thread end.
parentPort?.once('message', (files: Rehearsal) => void rehearseAll(files))

async function rehearseAll({ versions, urls }: Rehearsal): Promise<void> {
  useVersions(versions)
  for (const url of urls) {
    parentPort?.postMessage(url)
    await runAs({}, () => rehearse(url))
  }
  parentPort?.postMessage(undefined)
  process.exit()
}

async function rehearse(url: string): Promise<void> {
  try {
    const { default: plugin } = await import(url)
    plugin.collector.query(tag, { observe: () => tag, from: tag, to: tag })
  } catch {
    // It ended.
  }
}
