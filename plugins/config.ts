// Configuration: reads the environment and .env. Imports src/ only.
import { readFileSync } from 'node:fs'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import { type Config, type Environment, readConfig, schema } from '../src/config/read.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every environment variable, checked; durations in milliseconds. */
    config: Config
    /** The text of every environment variable that is set. */
    environment: Environment
  }
}

/** The configuration, and the environment that it was read from. */
export interface LoadedConfig {
  readonly config: Config
  readonly environment: Environment
}

/**
 * Reads the configuration from `env`, or when that is not given from the process and `.env`. Rejects with a ConfigError
 * that has everything that is wrong.
 */
export async function loadConfig(env?: Environment): Promise<LoadedConfig> {
  // The app cannot be made yet: whether its listener is encrypted is for the configuration to say.
  const reader = Fastify()
  const source = env === undefined ? { dotenv: true } : { env: false, data: { ...env } }
  await reader.register(fastifyEnv, { schema, ...source })
  const environment = reader.getEnvs<Environment>()
  await reader.close()
  return { config: readConfig(environment, (path) => readFileSync(path, 'utf8')), environment }
}
