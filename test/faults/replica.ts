import type { Test } from 'tap'
import { Gate, urlOf } from '../gate.ts'
import type { ServiceProcess } from '../process.ts'
import { serveFolder } from './process.ts'

/** A replica of the service, with a network of its own between it and the server. */
export interface Replica {
  readonly service: ServiceProcess
  readonly gate: Gate
}

/** One of several replicas on databases of these names, which are one. */
export async function startReplica(t: Test, url: string, databases: readonly string[]): Promise<Replica> {
  const gate = await Gate.start(t, url)
  const own = urlOf(url, [gate], '?connect_timeout=1')
  const service = await serveFolder(t, 'leader', {
    DATABASE_URL: databases.map((name) => `${name}=${own}`).join(' '),
    METRICS_TICK_DURATION: '2s',
    LEADER_ELECTION: 'true',
  })
  return { service, gate }
}
