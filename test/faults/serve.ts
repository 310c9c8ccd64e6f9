import closeWithGrace from 'close-with-grace'
import { buildApp } from '../../src/app.ts'

/** The service as src/server.ts starts it, with the collectors of the folder that its argument names. */
const app = await buildApp({ folder: process.argv[2] ?? '' })
closeWithGrace({ logger: app.log }, async ({ err }) => {
  if (err) app.log.fatal(err, 'an error that nothing caught')
  await app.close()
})
await app.listen({ host: app.config.HOST, port: app.config.PORT })
app.log.info('listening')
await Promise.all(app.databases.map(({ ticker }) => ticker.start()))
