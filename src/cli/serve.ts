import { resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { buildApp } from '../app.ts'
import { type ExitCode, FAILED, type Io, OK, runCommand } from '../config/arguments.ts'
import { print } from '../config/print.ts'
import { linesOf } from '../config/read.ts'

const COMMAND = {
  usage: `Usage: serve [option …]

Collects at every tick and serves the page to Prometheus, until a signal stops it. The configuration comes from the
environment and .env: .env.example lists every variable.

  --folder PATH load the collectors of this folder instead of collectors/
  --help        show this

Exit code: 0 when a signal stopped it, 1 when it could not start or failed, 2 when the arguments are not understood.
`,
  options: { folder: { type: 'string' } },
  allowPositionals: false,
} as const

/** Milliseconds until a stop that hangs is cut short: the round's grace, and time to cancel and to close. */
const STOP = 15_000

/** Runs the service. Resolves when it has stopped, or could not start. */
export function serve(args: readonly string[], io: Io): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async ({ values: { folder } }) => {
    try {
      return await run(folder)
    } catch (error) {
      const lines = linesOf(error).map((line) => `  ${line}\n`)
      print(io.stderr, `metrics-service cannot start:\n${lines.join('')}`)
      return FAILED
    }
  })
}

async function run(folder: string | undefined): Promise<ExitCode> {
  const app = await buildApp(folder === undefined ? {} : { folder: resolve(folder) })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<ExitCode>()
  const grace = closeWithGrace({ delay: STOP, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.fatal(err, 'uncaught exception')
    else if (signal) app.log.info(`stopping on ${signal}`)
    await app.close()
    stop(err ? FAILED : OK)
  })
  try {
    const listenTextResolver = (address: string) => `metrics on ${address}/metrics`
    await app.listen({ host: app.config.HOST, port: app.config.PORT, listenTextResolver })
    await Promise.all(app.databases.map(({ ticker }) => ticker.start()))
  } catch (error) {
    grace.uninstall()
    await app.close()
    throw error
  }
  return stopped
}
