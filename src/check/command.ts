// Check: runs collectors once and reports what is wrong. Imports stages before it and the Database only.
import { Console } from 'node:console'
import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type ExitCode, FAILED, type Io, MISUSED, OK, runCommand } from '../config/arguments.ts'
import { print } from '../config/print.ts'
import { linesOf } from '../config/read.ts'
import { Faults } from '../contract/faults.ts'
import { type Arguments, argumentsOf, COMMAND } from './arguments.ts'
import { passes, verdictOf } from './report.ts'
import { CheckRun, UnknownCollectorError } from './run.ts'

/** Exit codes when a signal ends the check: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 }

/** Makes the app whose collectors are checked. */
export type Build = (options: {
  readonly folder?: string
  readonly logger: false
}) => Promise<FastifyInstance>

/** Runs collectors once against the database and reports what is wrong with them. */
export function check(args: readonly string[], io: Io, build: Build): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async (given) => {
    const asked = argumentsOf(given)
    // What a collector's file prints would be in the way of the report.
    const { console } = globalThis
    globalThis.console = new Console(io.stderr)
    try {
      return await checkCollectors(asked, io, build)
    } catch (error) {
      const errors = linesOf(error)
      print(io.stderr, `nothing was checked:\n${errors.map((line) => `  ${line}\n`).join('')}`)
      if (asked.json) printJson(io, { ok: false, errors, collectors: [] })
      return error instanceof UnknownCollectorError ? MISUSED : FAILED
    } finally {
      globalThis.console = console
    }
  })
}

async function checkCollectors(asked: Arguments, io: Io, build: Build): Promise<ExitCode> {
  const folder = asked.folder === undefined ? {} : { folder: resolve(asked.folder) }
  // The app is never made ready, so no listener opens, no state is read, and no tick comes. Logs would be in the way.
  const faults = new Faults()
  const app = await build({ ...folder, logger: false }).catch((error) => {
    faults.end()
    throw error
  })
  faults.settle((...fault) => app.reloads.blame(...fault))
  const run = new CheckRun(app, asked, io)
  const signals = Object.entries(SIGNALS).map(([signal, code]) => ({ signal, end: () => run.end(code) }))
  for (const { signal, end } of signals) process.once(signal, end)
  // Nobody reads any more. What is written last may fail after the check has ended, so this listener stays.
  io.stdout.on('error', () => run.end(FAILED))
  try {
    const about = await run.run()
    if (run.ended !== undefined) return run.ended
    const { reports } = run
    const { types } = run
    const ok =
      passes(reports, asked.strict) && types.length === 0 && !(asked.strict && run.warnings.length > 0)
    const collectors = reports.map((report) => ({ ...report, verdict: verdictOf(report) }))
    if (asked.json) printJson(io, { ok, ...about, types, collectors })
    return ok ? OK : FAILED
  } catch (error) {
    if (run.ended !== undefined) return run.ended
    throw error
  } finally {
    await app.close()
    faults.end()
    for (const { signal, end } of signals) process.off(signal, end)
  }
}

function printJson(io: Io, document: unknown): void {
  print(io.stdout, `${JSON.stringify(document, null, 2)}\n`)
}
