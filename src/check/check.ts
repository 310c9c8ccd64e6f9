import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../app.ts'
import { ConfigError } from '../config/read.ts'
import { checkNames } from '../contract/did-you-mean.ts'
import type { Database } from '../database.ts'
import { describeError } from '../finding.ts'
import type { CollectorStatus } from '../round/status.ts'
import { type Arguments, readArguments, USAGE } from './arguments.ts'
import { passes, type Report, renderHead, renderReport, renderTotals, verdictOf } from './report.ts'

/** Exit codes: all is well, something is not, the arguments are not understood. */
const OK = 0
const WRONG = 1
const MISUSED = 2
/** And that a signal ended it: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 }
/** Goes back to the start of the line and erases it. */
const ERASE = '\r\x1b[K'

/** A problem with the arguments. */
class Misuse extends Error {}

/** The exit code of the signal that came. */
let interrupted: number | undefined

// What a collector's file prints would be in the way.
globalThis.console = new console.Console(process.stderr)
process.exitCode = await main()

async function main(): Promise<number> {
  let given: Arguments
  try {
    given = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n\n${USAGE}`)
    return MISUSED
  }
  if (given.help) {
    process.stdout.write(USAGE)
    return OK
  }
  const reports: Report[] = []
  const { json, strict } = given
  try {
    // Never made ready: so no listener opens, no state is read, and no tick comes. Logs would be in the way.
    const folder = given.folder === undefined ? {} : { folder: resolve(given.folder) }
    const app = await buildApp({ ...folder, logger: false })
    const interrupt = (code: number) => {
      interrupted = code
      // The query ends on the server, too.
      for (const { inspector } of app.databases) inspector.cancel()
    }
    for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => interrupt(code))
    // Nobody reads any more.
    process.stdout.on('error', () => interrupt(WRONG))
    try {
      const about = await run(app, given, reports)
      if (interrupted !== undefined) return interrupted
      const ok = passes(reports, strict)
      if (json)
        print({
          ok,
          ...about,
          collectors: reports.map((report) => ({ ...report, verdict: verdictOf(report) })),
        })
      return ok ? OK : WRONG
    } finally {
      await app.close()
    }
  } catch (error) {
    if (interrupted !== undefined) return interrupted
    const lines = error instanceof ConfigError ? error.problems : [describeError(error)]
    process.stderr.write(`nothing was checked:\n${lines.map((line) => `  ${line}\n`).join('')}`)
    if (json) print({ ok: false, errors: lines, collectors: [] })
    return error instanceof Misuse ? MISUSED : WRONG
  }
}

/** One database's snapshot that collectors were checked in. */
interface Checked {
  readonly database?: string
  readonly endpoint: string
  readonly time: string
}

/** Checks what was asked for, of one database after the other, and writes what it finds as it goes. Adds to `reports`. */
async function run(app: FastifyInstance, given: Arguments, reports: Report[]) {
  const asked = askedOf(app, given.names)
  if (asked.length === 0) throw new Error('there are no collectors')
  const checked: Checked[] = []
  for (const database of app.databases) {
    const own = asked.filter((status) => database.collectors.list.includes(status))
    if (own.length > 0) checked.push(await runOn(database, own, given, reports))
    if (interrupted !== undefined) break
  }
  if (!given.json) process.stdout.write(`\n${renderTotals(reports)}`)
  const [first] = checked
  return first?.database === undefined ? { ...first } : { databases: checked }
}

/** The collectors of these names, or all, of every database. */
function askedOf(app: FastifyInstance, names: readonly string[]): CollectorStatus[] {
  app.collectors.checkEnabled()
  const list = app.databases.flatMap(({ collectors }) => [...collectors.list])
  try {
    checkNames(
      app.config.COLLECTORS.length > 0 ? 'COLLECTORS has no collector' : 'there is no collector',
      names,
      [...new Set(list.map(({ collector }) => collector.name))],
    )
  } catch (error) {
    throw new Misuse(describeError(error))
  }
  return list.filter(({ collector }) => names.length === 0 || names.includes(collector.name))
}

async function runOn(
  { name, inspector }: Database,
  asked: readonly CollectorStatus[],
  { json, explain, samples }: Arguments,
  reports: Report[],
): Promise<Checked> {
  const width = Math.max(...asked.map(({ collector }) => collector.name.length))
  const {
    endpoint,
    time,
    reports: found,
  } = await inspector.check(asked, { explain, samples }).catch((error) => {
    throw name === undefined ? error : new Error(`${name}: ${describeError(error)}`, { cause: error })
  })
  const title = name === undefined ? endpoint : `${name}: ${endpoint}`
  const before = reports.length > 0 ? '\n' : ''
  if (!json) process.stdout.write(`${before}${title}, at ${time}\n\n${renderHead(width)}`)
  const checked = { ...(name === undefined ? {} : { database: name }), endpoint, time }
  let done = 0
  progress(`1 of ${asked.length}: ${asked[0]?.collector.name}`)
  for await (const report of found) {
    if (interrupted !== undefined) return checked
    reports.push(report)
    done++
    progress('')
    if (!json) process.stdout.write(renderReport(report, width))
    const next = asked[done]?.collector.name
    if (next !== undefined) progress(`${done + 1} of ${asked.length}: ${next}`)
  }
  return checked
}

/** Says what it is at, where somebody watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${ERASE}${text}`)
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
}
