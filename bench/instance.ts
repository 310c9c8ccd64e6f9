import { freePort } from '../demo/port.ts'
import { Program, startOptions } from './program.ts'
import type { ServiceQuestion } from './service.ts'

/** Starts the service over a table of series, as `npm start` runs it. Resolves when its first round is published. */
export async function startService(
  url: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Program<ServiceQuestion>> {
  const start = await startOptions()
  const [port, debugPort] = [String(await freePort()), String(await freePort())]
  return Program.start<ServiceQuestion>('service.ts', {
    flags: start.flags,
    env: {
      ...start.env,
      DATABASE_URL: url,
      HOST: '127.0.0.1',
      PORT: port,
      DEBUG_PORT: debugPort,
      COLLECTOR_MAX_SERIES: '1000000',
      ...env,
    },
  })
}
