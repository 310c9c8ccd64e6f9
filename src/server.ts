import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { ConfigError } from './config/read.ts'
import { describeError } from './finding.ts'

/** Milliseconds until a stop that hangs is cut short: the round's grace, and time to cancel and to close. */
const STOP = 15_000

function giveUp(error: unknown): never {
  const lines = error instanceof ConfigError ? error.problems : [describeError(error)]
  process.stderr.write(`metrics-service cannot start:\n${lines.map((line) => `  ${line}\n`).join('')}`)
  process.exit(1)
}

const app = await buildApp().catch(giveUp)
closeWithGrace({ delay: STOP, logger: app.log }, async ({ signal, err }) => {
  if (err) app.log.fatal(err, 'an error that nothing caught')
  else if (signal) app.log.info(`stopping on ${signal}`)
  await app.close()
})
const listenTextResolver = (address: string) => `metrics on ${address}/metrics`
await app.listen({ host: app.config.HOST, port: app.config.PORT, listenTextResolver }).catch(giveUp)
await Promise.all(app.databases.map(({ ticker }) => ticker.start())).catch(giveUp)
