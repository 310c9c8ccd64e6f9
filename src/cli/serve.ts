import closeWithGrace from 'close-with-grace'
import type { buildApp } from '../app.ts'
import { type ExitCode, FAILED, type Io, OK, runCommand } from '../config/arguments.ts'
import { listen } from '../config/listen.ts'
import { formatOf, openLogger } from '../config/logger.ts'
import { linesOf } from '../config/read.ts'
import { FAULTS, Faults } from '../contract/faults.ts'

const COMMAND = {
  usage: `Usage: serve [option …]

Collects at every tick and serves the page to Prometheus, until a signal stops it. The configuration comes from the
environment and .env: .env.example lists every variable.

  --folder PATH load the collectors of this folder instead of COLLECTORS_FOLDER
  --help        show this

SIGTERM and SIGINT stop it, and another one after a second ends it at once. SIGHUP makes it use new database sessions, and read its
certificates and the collectors again. SIGUSR2 does nothing.

Exit code: 0 when a signal stopped it, 1 when it could not start, failed, or a second signal ended it, 2 when the arguments
are not understood.
`,
  options: { folder: { type: 'string' } },
  allowPositionals: false,
} as const

/** Milliseconds until a stop that hangs is cut short: the round's grace, and time to cancel and to close. */
const STOP = 15_000

/** Signals that end it, and the milliseconds within which two of them are one: npm passes on what the terminal sends both. */
const ENDING = ['SIGINT', 'SIGTERM'] as const
const ECHO = 1000

/** Signals that must not end it: SIGHUP reloads, and supervisors of Node.js send SIGUSR2 to restart what they run. */
const NOT_ENDING = ['SIGHUP', 'SIGUSR2'] as const

/** Runs the service. Resolves when it has stopped, or could not start. */
export function serve(args: readonly string[], io: Io, build: typeof buildApp): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async ({ values: { folder } }) => {
    // From the start, when there is nothing to reload, to the end: by default these signals kill.
    const ignore = () => {}
    for (const signal of NOT_ENDING) process.on(signal, ignore)
    // Nobody reads any more what is printed: that is no reason to end.
    for (const stream of [io.stdout, io.stderr]) stream.on('error', ignore)
    const faults = new Faults()
    try {
      return await run(build, folder, faults)
    } catch (error) {
      // Like the rest of the log, which it may have no logger for yet.
      const log = await openLogger(formatOf(process.env.LOG_FORMAT))
      for (const line of linesOf(error)) log.fatal(`cannot start: ${line}`)
      return FAILED
    } finally {
      faults.end()
      for (const signal of NOT_ENDING) process.off(signal, ignore)
    }
  })
}

async function run(build: typeof buildApp, folder: string | undefined, faults: Faults): Promise<ExitCode> {
  const app = await build({ watch: true, ...(folder === undefined ? {} : { folder }) })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<ExitCode>()
  const reload = () => void app.reload()
  let failed = false
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
  const end = (signal: NodeJS.Signals) => {
    if (first === undefined && !failed) {
      first = { signal, at: performance.now() }
      app.log.info(`stopping on ${signal}`)
      grace.close()
    } else if (signal !== first?.signal || performance.now() - first.at > ECHO) {
      app.log.error(`second ${signal}, exiting`)
      process.exit(FAILED)
    }
  }
  const options = { delay: STOP, logger: app.log, skip: [...ENDING, ...NOT_ENDING, ...FAULTS] }
  const grace = closeWithGrace(options, async ({ signal }) => {
    process.off('SIGHUP', reload)
    if (signal) app.log.info(`stopping on ${signal}`)
    await app.close()
    app.journal.info({ event: 'stopped', durationSeconds: process.uptime() }, 'service stopped')
    stop(failed ? FAILED : OK)
    if (failed) process.exit(FAILED)
  })
  const blame: typeof app.reloads.blame = (...fault) => app.reloads.blame(...fault)
  faults.settle(blame, (error) => {
    app.log.fatal(error, 'uncaught exception')
    if (failed) process.exit(FAILED)
    failed = true
    grace.close()
  })
  process.on('SIGHUP', reload)
  for (const signal of ENDING) process.on(signal, end)
  try {
    const listenTextResolver = (address: string) => `metrics on ${address}/metrics`
    const at = { host: app.config.HOST, port: app.config.PORT }
    await listen(app, { ...at, listenTextResolver }, { host: 'HOST', port: 'PORT' })
    await Promise.all(app.databases.map(({ ticker }) => ticker.start()))
  } catch (error) {
    grace.uninstall()
    for (const signal of ENDING) process.off(signal, end)
    process.off('SIGHUP', reload)
    await app.close()
    throw error
  }
  return stopped
}
