import { readFileSync } from 'node:fs'
import fastifyEnv from '@fastify/env'
import fp from 'fastify-plugin'
import { type Config, type Environment, readConfig, schema } from '../src/config/read.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every environment variable, checked; durations in milliseconds. */
    config: Config
    environment: Environment
  }
}

/** Reads the configuration from `env`, or when that is not given from the process and `.env`. */
export default fp<{ env?: Environment }>(
  async (app, { env }) => {
    const source = env === undefined ? { dotenv: true } : { env: false, data: { ...env } }
    await app.register(fastifyEnv, { confKey: 'environment', schema, ...source })
    app.decorate(
      'config',
      readConfig(app.environment, (path) => readFileSync(path, 'utf8')),
    )
    app.log.level = app.config.LOG_LEVEL
  },
  { name: 'config' },
)
