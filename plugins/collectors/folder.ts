// Loads a folder of collectors. Imports src/ and its own folder only.
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyPluginAsync } from 'fastify'
import type { Collector } from '../../src/contract/collector.ts'
import { remember, runAs } from '../../src/contract/culprit.ts'
import { sourceError } from '../../src/contract/source-error.ts'
import { describeError, Mistake } from '../../src/finding.ts'
import { putPlace } from '../../src/place.ts'
import { within } from '../../src/time/deadline.ts'
import { guardProcess } from './guard.ts'
import { type FoundFile, type Listing, type Look, listFolder, lookAt } from './listing.ts'
import { useVersions, type Versions } from './modules.ts'
import { rehearse } from './rehearsal.ts'

/** One file of a folder of collectors. */
export interface CollectorFile {
  /** Its path, relative to the working directory if it is below that. */
  readonly path: string
  /** Its URL with its version. */
  readonly url: string
  /** The name of its collector, as far as that is known; otherwise that of the file. */
  readonly name: string
  /** Its default export: the plugin that defineCollector made, or a plain one; undefined when it cannot be loaded. */
  readonly plugin?: FastifyPluginAsync
  /** The collector of a plugin that defineCollector made. */
  readonly collector?: Collector
  /** Why it cannot be loaded. */
  readonly problem?: Error
}

/** What a folder held when it was loaded. */
export interface Loaded extends Omit<Listing, 'files'> {
  readonly files: readonly CollectorFile[]
}

/** Milliseconds that a file has to be loaded. */
const PATIENCE = 10_000

/** A folder of collectors. A file of it is loaded once, and again when it, or what is beside the collectors, changes. */
export class CollectorFolder {
  readonly path: string
  readonly #patience: number
  #files: ReadonlyMap<string, CollectorFile> = new Map()
  #tries = 0

  /** `patience` is in milliseconds, for each file. */
  constructor(path: string, patience = PATIENCE) {
    this.path = path
    this.#patience = patience
  }

  /** Looks at the folder without reading a file of it. */
  look(): Promise<Look> {
    return lookAt(this.path)
  }

  /** Loads what is new in the folder. Rejects when the folder itself cannot be read. */
  async load(): Promise<Loaded> {
    const listing = await listFolder(this.path)
    const { others } = listing
    const folder = `${pathToFileURL(this.path).href}/`
    const urls = new Map(listing.files.map(({ url }) => [url.replace(/\?.*/, ''), url]))
    const versions: Versions = { folder, urls, others }
    const fresh = listing.files.filter((file) => !this.#isLoaded(file) && file.problem === undefined)
    // A module that failed is never evaluated again by the same URL, and what it lacked may be there now.
    const again = new Map(
      fresh.map(({ url }) => [url, this.#files.has(url) ? `${url}&try=${++this.#tries}` : url]),
    )
    const stuck = await rehearse(versions, [...again.values()], this.#patience)
    guardProcess()
    useVersions(versions)
    const files: CollectorFile[] = []
    for (const file of listing.files) {
      const known = this.#isLoaded(file) ? this.#files.get(file.url) : undefined
      files.push(known ?? (await this.#load(file, again.get(file.url) ?? file.url, stuck)))
    }
    this.#files = new Map(files.map((file) => [file.url, file]))
    return { ...listing, files }
  }

  #isLoaded({ url }: FoundFile): boolean {
    return this.#files.get(url)?.plugin !== undefined
  }

  async #load(
    { path, url, problem }: FoundFile,
    from: string,
    stuck: ReadonlyMap<string, string>,
  ): Promise<CollectorFile> {
    const file = { path, url, name: stemOf(path) }
    if (problem !== undefined) return { ...file, problem: new Mistake(`${path} cannot be read: ${problem}`) }
    const hung = stuck.get(from)
    if (hung !== undefined) return { ...file, problem: new Mistake(`${path} cannot be loaded: ${hung}`) }
    const culprit = { file: path, url }
    remember(from, culprit)
    let module: { default?: unknown }
    try {
      module = await runAs(culprit, () => within(import(from), { ms: this.#patience }))
    } catch (error) {
      const text = await readFile(path, 'utf8').catch(() => '')
      const { problem, advice, place } = sourceError(error, path, text)
      const mistake = new Mistake(`${path} cannot be loaded: ${problem}`, advice, { cause: error })
      putPlace(mistake, place)
      return { ...file, name: nameIn(error) ?? file.name, problem: mistake }
    }
    const plugin = module.default
    if (!isPlugin(plugin)) {
      const advice = 'write: export default defineCollector({ … }), or begin the name of a helper with _'
      return { ...file, problem: new Mistake(`${path} has no default export that is a plugin`, advice) }
    }
    const { collector } = plugin
    const name = collector?.name ?? plugin[META]?.name ?? file.name
    return { ...file, name, plugin, ...(collector === undefined ? {} : { collector }) }
  }
}

/** Loads a folder for the first time. Rejects with what is wrong with the folder itself, if it cannot be read. */
export async function openFolder(
  path: string,
  patience?: number,
): Promise<{ readonly folder: CollectorFolder; readonly loaded: Loaded }> {
  const folder = new CollectorFolder(path, patience)
  try {
    return { folder, loaded: await folder.load() }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Says that a folder cannot be read. */
export function unreadable(path: string, error: unknown): Mistake {
  const problem = `the folder of collectors cannot be read: COLLECTORS_FOLDER is "${path}": ${describeError(error)}`
  return new Mistake(problem, 'make the folder, or mount it', { cause: error })
}

/** A default export, with what fastify-plugin and defineCollector put on it. */
type Plugin = FastifyPluginAsync & {
  readonly [META]?: { readonly name?: string }
  readonly collector?: Collector
}

/** Where fastify-plugin puts a plugin's name. */
const META = Symbol.for('plugin-meta')

function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'function'
}

/** The name of a file as a collector could have it. */
function stemOf(path: string): string {
  const stem = basename(path, extname(path)).toLowerCase()
  return stem.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '') || 'file'
}

/** The name that a wrong definition gives. */
function nameIn(error: unknown): string | undefined {
  const name: unknown = error instanceof Error && 'collector' in error ? error.collector : undefined
  return typeof name === 'string' && /^[\w-]+$/.test(name) ? name : undefined
}
