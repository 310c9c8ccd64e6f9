// The set of collectors that the service runs. Imports src/ and its own folder only.
import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../../src/config/read.ts'
import type { Collector } from '../../src/contract/collector.ts'
import type { Culprit } from '../../src/contract/culprit.ts'
import { checkNames } from '../../src/contract/did-you-mean.ts'
import type { Database } from '../../src/database.ts'
import { describeError, findingOf, Mistake } from '../../src/finding.ts'
import type { Fields, Log } from '../../src/log.ts'
import type { Page } from '../../src/page/page.ts'
import type { Placed } from '../../src/round/collectors.ts'
import type { Reload, Reloads } from '../../src/round/reload.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { within } from '../../src/time/deadline.ts'
import { type Arrangement, arrange } from './arrange.ts'
import { type CollectorFolder, type Loaded, unreadable } from './folder.ts'
import { harmless } from './plain.ts'
import { compare, report } from './report.ts'

/** What the set of collectors works with. */
export interface SetOptions {
  readonly config: Config
  readonly databases: readonly Database[]
  readonly page: Page
  readonly folder: CollectorFolder
  readonly log: Log
}

/** Milliseconds that a reload waits for the rounds that run: on many databases there is always one. */
const QUIET = 10_000

/** The collectors of the folder, and those that plain plugins add. */
export class CollectorSet implements Reloads {
  readonly #options: SetOptions
  readonly #added: Collector[] = []
  /** Why plain plugins failed, by the path of the file. */
  readonly #failed = new Map<string, Error>()
  /** Versions of collectors of which a stray error was said. */
  readonly #blamed = new Set<unknown>()
  #loaded: Loaded
  #arrangement: Arrangement
  #reloading: Promise<Reload> | undefined
  #next: Promise<Reload> | undefined
  #last: Reload
  #lastSuccess: number | undefined

  constructor(options: SetOptions, loaded: Loaded) {
    this.#options = options
    const { aside, files } = loaded
    const count = files.length === 1 ? '1 file' : `${files.length} files`
    options.log.info({ aside }, `collectors loaded from ${options.folder.path}: ${count}`)
    this.#loaded = loaded
    this.#arrangement = this.#arrange([])
    this.#last = this.#report([])
    this.#place()
  }

  get folder(): string {
    return this.#options.folder.path
  }

  get last(): Reload {
    return this.#last
  }

  get lastSuccess(): number | undefined {
    return this.#lastSuccess
  }

  /** Adds a collector of a plain plugin. Throws an Error when it does not fit beside the others. */
  add(collector: Collector): void {
    this.#added.push(collector)
    if (!this.#enabled.includes(collector)) return
    try {
      this.#arrangement.fit.add(collector)
    } catch (error) {
      this.#added.pop()
      throw error
    }
    for (const { collectors } of this.#options.databases) collectors.add(collector)
  }

  /** Throws an Error if COLLECTORS names what is not there. */
  checkEnabled(): void {
    const { names, placed, problems } = this.#arrangement
    // What is asked for may be in a file that cannot be loaded.
    if (problems.some(({ outcome }) => outcome === 'fails')) return
    const known = [
      ...names,
      ...placed.map(({ collector }) => collector.name),
      ...this.#added.map(({ name }) => name),
    ]
    checkNames('COLLECTORS names', this.#options.config.COLLECTORS, [...new Set(known)])
  }

  /** Reads the folder again. A reload that is asked for during another one comes after that. It never rejects. */
  reload(): Promise<Reload> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#reload().finally(() => {
        this.#reloading = undefined
      })
      return this.#reloading
    }
    this.#next ??= this.#reloading.then(() => {
      this.#next = undefined
      return this.reload()
    })
    return this.#next
  }

  async #reload(): Promise<Reload> {
    const { folder, log, databases, page } = this.#options
    let loaded: Loaded
    try {
      loaded = await folder.load()
    } catch (error) {
      const { message } = unreadable(folder.path, error)
      log.error({ event: 'reload' }, `collectors not reloaded: ${message}`)
      this.#last = { ...this.#last, success: false, problems: [message], begun: [], changed: [], gone: [] }
      return this.#last
    }
    const running = databases.map(({ round }) => round.settled())
    await within(Promise.all(running), { ms: QUIET }).catch(() => {})
    const before = this.#arrangement.placed
    this.#loaded = loaded
    this.#arrangement = this.#arrange(before)
    this.#last = this.#report(before)
    for (const [{ state, db, leader }, begin] of this.#place()) {
      for (const status of begin) state.restore(status)
      if (!db.quorate || leader.trustedUntil <= performance.now()) continue
      page.seed(begin.filter((status) => state.hindrance(status) === undefined))
    }
    const { begun, changed, gone } = this.#last
    log.info(
      { event: 'reload', begun, changed, gone },
      `collectors reloaded: ${begun.length} new, ${changed.length} changed, ${gone.length} gone`,
    )
    return this.#last
  }

  #arrange(before: readonly Placed[]): Arrangement {
    const { config } = this.#options
    const files = this.#loaded.files.map((file) => {
      const problem = this.#failed.get(file.path)
      return problem === undefined ? file : { ...file, problem }
    })
    return arrange(files, before, this.#enabled, config)
  }

  /** The collectors of plain plugins that run. */
  get #enabled(): readonly Collector[] {
    const { COLLECTORS } = this.#options.config
    return this.#added.filter(({ name }) => COLLECTORS.length === 0 || COLLECTORS.includes(name))
  }

  /** Gives each database its collectors, and returns those that begin there. */
  #place(): (readonly [Database, readonly CollectorStatus[]])[] {
    const added = this.#enabled.map((collector) => ({ collector, file: undefined }))
    const placed = [...added, ...this.#arrangement.placed]
    return this.#options.databases.map((database) => [database, database.collectors.replace(placed)])
  }

  /** Says what is wrong, and compares what runs with what did before. */
  #report(before: readonly Placed[]): Reload {
    const { problems, placed } = this.#arrangement
    for (const file of this.#loaded.strange) {
      this.#options.log.warn(
        { event: 'configuration', file },
        'file left out: the name of a collector ends in .ts or .js',
      )
    }
    for (const problem of problems) report(problem, this.#options.log)
    const success = problems.every(({ outcome }) => outcome === 'is not asked for')
    if (success) this.#lastSuccess = Date.now() / 1000
    return {
      success,
      problems: problems.map(({ error }) => describeError(error)),
      ...compare(before, placed),
    }
  }

  /** The plain plugins of the folder. One that fails is a collector that fails. */
  get plugins(): readonly FastifyPluginAsync[] {
    return this.#loaded.files.flatMap(({ path, url, plugin, collector }) => {
      if (plugin === undefined || collector !== undefined) return []
      return harmless(plugin, { file: path, url }, (error) => {
        const { problem, advice } = findingOf(error)
        this.#failed.set(path, new Mistake(`${path} cannot be loaded: ${problem}`, advice, { cause: error }))
        this.#arrangement = this.#arrange(this.#arrangement.placed)
        this.#last = this.#report([])
        this.#place()
      })
    })
  }

  /** Takes an error that code of a collector threw where nobody waited for it: the collector fails. */
  blame(culprit: Culprit, error: unknown): void {
    const mistake = strayError(error)
    const statuses = this.#options.databases.flatMap(({ collectors }) => [...collectors.list])
    const isThere = this.#loaded.files.some(({ url }) => url === culprit.url)
    const theirs = statuses.filter(({ collector, file }) =>
      culprit.collector === undefined ? isThere && file === culprit.file : collector === culprit.collector,
    )
    const isFirst = theirs.filter(({ strays }) => strays.add(mistake)).length > 0
    // What is left of an earlier version is nobody's failure, and is said once.
    const version = culprit.collector ?? culprit.url
    if (theirs.length > 0 ? !isFirst : this.#blamed.has(version)) return
    this.#blamed.add(version)
    const [status] = theirs
    const name = status?.collector.name ?? culprit.collector?.name
    const fields: Fields = { event: 'failed', collector: name, file: status?.file ?? culprit.file }
    this.#options.log.error(fields, `collector failed: ${describeError(mistake)}`)
  }
}

function strayError(error: unknown): Error {
  return new Mistake(
    `its code failed where nobody waited for it: ${findingOf(error).problem}`,
    'await what it starts, or catch its errors',
    { cause: error },
  )
}
