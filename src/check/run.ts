import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { ExitCode, Io } from '../config/arguments.ts'
import { print, progress } from '../config/print.ts'
import { checkNames } from '../contract/did-you-mean.ts'
import type { Database } from '../database.ts'
import { describeError, type Finding, renderFinding } from '../finding.ts'
import { findOnlyShipped } from '../round/shipped.ts'
import type { CollectorStatus } from '../round/status.ts'
import type { Arguments } from './arguments.ts'
import { type Report, renderHead, renderReport, renderTotals, spread } from './report.ts'
import { typeErrors } from './types.ts'

/** The arguments name a collector that does not run. */
export class UnknownCollectorError extends Error {
  override name = 'UnknownCollectorError'
}

/** One database's snapshot that collectors were checked in. */
interface Checked {
  readonly database?: string
  readonly endpoint: string
  readonly time: string
  readonly warnings: readonly Finding[]
}

/** One run of a check over all databases. It writes each report as soon as it has it. */
export class CheckRun {
  readonly #app: FastifyInstance
  readonly #asked: Arguments
  readonly #io: Io
  readonly #stopping = new AbortController()
  readonly reports: Report[] = []
  readonly warnings: Finding[] = []
  /** What TypeScript found wrong. */
  types: readonly Finding[] = []
  /** The exit code when the run was ended before it was done. */
  ended: ExitCode | undefined

  constructor(app: FastifyInstance, asked: Arguments, io: Io) {
    this.#app = app
    this.#asked = asked
    this.#io = io
  }

  /** Ends the run early with this exit code. The query that runs ends on the server, too. */
  end(code: ExitCode): void {
    this.ended = code
    this.#stopping.abort()
    for (const { inspector } of this.#app.databases) inspector.cancel()
  }

  /** Checks the collectors of one database after the other, and returns the snapshots that they were checked in. */
  async run(): Promise<Partial<Checked> | { readonly databases: readonly Checked[] }> {
    const statuses = this.#statuses()
    if (statuses.length === 0) throw new Error('there are no collectors')
    const files = [...new Set(statuses.flatMap(({ file }) => file ?? []))]
    const typed = this.#asked.types ? typeErrors(files, this.#stopping.signal) : undefined
    try {
      return await this.#runAll(statuses, typed)
    } finally {
      this.#stopping.abort()
      await typed
    }
  }

  async #runAll(statuses: readonly CollectorStatus[], typed: ReturnType<typeof typeErrors> | undefined) {
    const checked: Checked[] = []
    for (const database of this.#app.databases) {
      const own = statuses.filter((status) => database.collectors.list.includes(status))
      if (own.length > 0) checked.push(await this.#runOn(database, own))
      if (this.ended !== undefined) break
    }
    const shipped = findOnlyShipped(this.reports)
    if (shipped !== undefined) this.#write(`\nerror: ${renderFinding(shipped, '\n  ')}\n`)
    if (this.ended === undefined) this.types = (await typed) ?? []
    if (this.types.length > 0)
      this.#write(`\n${this.types.map((finding) => `${spread('error', finding)}\n`).join('')}`)
    this.#write(`\n${renderTotals(this.reports)}`)
    const [first] = checked
    return first?.database === undefined ? { ...first } : { databases: checked }
  }

  /** Returns the collectors that are asked for, or all, of every database. */
  #statuses(): CollectorStatus[] {
    const { collectors, config, databases } = this.#app
    collectors.checkEnabled()
    const statuses = databases.flatMap(({ collectors }) => [...collectors.list])
    const names = this.#names(statuses)
    try {
      checkNames(
        config.COLLECTORS.length > 0 ? 'COLLECTORS has no collector' : 'there is no collector',
        names,
        [...new Set(statuses.map(({ collector }) => collector.name))],
      )
    } catch (cause) {
      throw new UnknownCollectorError(describeError(cause), { cause })
    }
    return statuses.filter(({ collector }) => names.length === 0 || names.includes(collector.name))
  }

  /** What is asked for, with the name of its collector in the place of a path. */
  #names(statuses: readonly CollectorStatus[]): readonly string[] {
    return this.#asked.names.map((asked) => {
      const path = resolve(asked)
      const found = statuses.find(({ file }) => file !== undefined && resolve(file) === path)
      return found?.collector.name ?? asked
    })
  }

  async #runOn({ name, inspector }: Database, statuses: readonly CollectorStatus[]): Promise<Checked> {
    const width = Math.max(...statuses.map(({ collector }) => collector.name.length))
    const { endpoint, time, warnings, reports } = await inspector
      .check(statuses, this.#asked)
      .catch((cause) => {
        throw name === undefined ? cause : new Error(`${name}: ${describeError(cause)}`, { cause })
      })
    const title = name === undefined ? endpoint : `${name}: ${endpoint}`
    const before = this.reports.length > 0 ? '\n' : ''
    const said = warnings.map((warning) => `${spread('warning', warning)}\n`).join('')
    this.#write(`${before}${title}, at ${time}\n${said}\n${renderHead(width)}`)
    const checked = { ...(name === undefined ? {} : { database: name }), endpoint, time, warnings }
    this.warnings.push(...warnings)
    const running = statuses.map(({ collector }, i) => `${i + 1} of ${statuses.length}: ${collector.name}`)
    this.#progress(running.shift())
    for await (const report of reports) {
      if (this.ended !== undefined) return checked
      this.reports.push(report)
      this.#progress('')
      this.#write(renderReport(report, width))
      this.#progress(running.shift())
    }
    return checked
  }

  #write(text: string): void {
    if (!this.#asked.json) print(this.#io.stdout, text)
  }

  /** Shows on a terminal which collector runs. */
  #progress(text: string | undefined): void {
    if (text !== undefined && this.#io.stderr.isTTY) progress(this.#io.stderr, text)
  }
}
