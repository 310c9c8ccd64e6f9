import { createHash } from 'node:crypto'
import { once } from 'node:events'
import tls from 'node:tls'
import type { Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { NODE } from '../faults/process.ts'
import { Gate } from '../gate.ts'
import { type ServiceProcess, spawnService } from '../process.ts'
import type { Files } from './files.ts'
import { STATE_ROLE } from './shop.ts'

/** Milliseconds between two ticks. */
const TICK = 2000
/** Seconds that a gauge may be older than the end of its round: the deadline of a query, and the lag of a standby. */
export const TIMEOUT = 5
export const MAX_LAG = 3

/** A replica of the service, with networks of its own to the members of a cluster, to its counters there, and to Prometheus. */
export class Replica {
  readonly name: string
  readonly port: number
  /** What Prometheus scrapes. */
  readonly web: Gate
  readonly databases: readonly Gate[]
  readonly store: readonly Gate[]
  readonly #t: Test
  readonly #env: Record<string, string>
  #service: ServiceProcess | undefined
  /** Every process that it was. */
  readonly processes: ServiceProcess[] = []

  private constructor(
    t: Test,
    name: string,
    port: number,
    gates: { web: Gate; databases: readonly Gate[]; store: readonly Gate[] },
    env: Record<string, string>,
  ) {
    this.#t = t
    this.name = name
    this.port = port
    this.web = gates.web
    this.databases = gates.databases
    this.store = gates.store
    this.#env = env
  }

  static async create(t: Test, name: string, cluster: Cluster, files: Files): Promise<Replica> {
    const port = await freePort()
    const gates = (endpoints: readonly string[]) =>
      Promise.all(endpoints.map((endpoint) => Gate.start(t, `tcp://${endpoint}`)))
    const endpoints = cluster.members.map(({ endpoint }) => endpoint)
    const [databases, store, [web]] = [
      await gates(endpoints),
      await gates(endpoints),
      await gates([`127.0.0.1:${port}`]),
    ]
    if (web === undefined) throw new Error('there is no gate')
    const hosts = (among: readonly Gate[]) => among.map(({ endpoint }) => endpoint).join()
    return new Replica(
      t,
      name,
      port,
      { web, databases, store },
      {
        PORT: String(port),
        DATABASE_URL: `postgres://${hosts(databases)}/postgres?connect_timeout=1`,
        DATABASE_USER: 'metrics',
        DATABASE_PASSWORD_FILE: files.password,
        DATABASE_MAX_LAG: `${MAX_LAG}s`,
        STATE_URL: `postgres://${STATE_ROLE}@${hosts(store)}/postgres?connect_timeout=1`,
        LEADER_ELECTION: 'true',
        METRICS_ZEROS: 'counters',
        METRICS_TICK_DURATION: `${TICK}ms`,
        COLLECTORS_FOLDER: files.collectors,
        COLLECTOR_TIMEOUT: `${TIMEOUT}s`,
        TLS_CERT_FILE: files.certificate,
        TLS_KEY_FILE: files.key,
      },
    )
  }

  get service(): ServiceProcess {
    if (this.#service === undefined) throw new Error('it was not started')
    return this.#service
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    this.#service = await spawnService(this.#t, this.#env, { command: [...NODE, 'src/server.ts'] })
    this.processes.push(this.#service)
    await this.#service.said('metrics on ')
  }

  signal(signal: NodeJS.Signals): void {
    this.service.child.kill(signal)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.service.exit
  }

  /** The fingerprint of the certificate that it serves; undefined when it does not answer. */
  async fingerprint(): Promise<string | undefined> {
    const socket = tls.connect({ host: '127.0.0.1', port: this.port, rejectUnauthorized: false })
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(1000) })
      return createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex')
    } catch {
      return undefined
    } finally {
      socket.on('error', () => {})
      socket.destroy()
    }
  }
}
