import type { Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { seed } from '../../../demo/seed.ts'
import type { Environment } from '../../../src/config/read.ts'
import { createDatabase } from '../../database.ts'
import { type ServiceProcess, spawnService } from '../../process.ts'

export interface DebugProcess extends ServiceProcess {
  /** Where its profiles are. */
  readonly profiles: string
  /** Asks for one of them. */
  ask(path: string, options?: RequestInit): Promise<Response>
}

/** The service in a process of its own, with its debug listener. */
export async function spawnDebugProcess(
  t: Test,
  env: Environment = {},
  { operations = 0 } = {},
): Promise<DebugProcess> {
  const { url, sql } = await createDatabase(t)
  if (operations > 0) await seed(sql, { operations })
  const port = await freePort()
  const service = await spawnService(t, { DATABASE_URL: url, DEBUG_PORT: String(port), ...env })
  await service.said('metrics on')
  const profiles = `http://127.0.0.1:${port}/debug/pprof/`
  // Not a copy, which would not tell where it serves.
  return Object.assign(service, {
    profiles,
    ask: (path: string, options: RequestInit = {}) => fetch(profiles + path, options),
  })
}
