import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../../demo/port.ts'
import { Gate } from '../gate.ts'
import { patroniSettings } from './patroni.ts'
import { logOf, type Site, sendAll } from './site.ts'

/** What the members of a cluster have in common. */
interface Common {
  readonly site: Site
  readonly etcd: string
  readonly password: string
}

/**
 * A PostgreSQL under Patroni. Clients reach both at ports of their own; to the other members and to etcd it has a network of
 * its own, which can be cut.
 */
export class Member {
  readonly name: string
  /** `host:port` of its PostgreSQL. */
  readonly endpoint: string
  readonly port: number
  /** Patroni's REST API. */
  readonly restPort: number
  readonly #site: Site
  readonly #folder: string
  /** From the others to its PostgreSQL and to its Patroni, and from its Patroni to etcd. */
  readonly #network: readonly Gate[]

  private constructor(site: Site, name: string, ports: { sql: number; rest: number }, network: Gate[]) {
    this.name = name
    this.port = ports.sql
    this.endpoint = `127.0.0.1:${ports.sql}`
    this.restPort = ports.rest
    this.#site = site
    this.#folder = site.folder(name)
    this.#network = network
  }

  static async create(t: Test, name: string, { site, etcd, password }: Common): Promise<Member> {
    const ports = { sql: await freePort(), rest: await freePort() }
    const gate = (port: number | string) => Gate.start(t, `tcp://127.0.0.1:${port}`)
    const [sql, rest] = [await gate(ports.sql), await gate(ports.rest)]
    const store = await Gate.start(t, etcd)
    const member = new Member(site, name, ports, [sql, rest, store])
    const settings = patroniSettings({
      name,
      password,
      sql: { listen: member.endpoint, connect: sql.endpoint },
      rest: { listen: `127.0.0.1:${ports.rest}`, connect: rest.endpoint },
      etcd: store.endpoint,
    })
    // JSON is YAML.
    writeFileSync(join(member.#folder, 'patroni.yml'), JSON.stringify(settings))
    return member
  }

  /** Starts Patroni, and so its PostgreSQL. */
  start(): void {
    this.#site.run(this.#folder, 'patroni', ['patroni.yml'])
  }

  /** Ends Patroni and PostgreSQL at once, with SIGKILL. */
  kill(): void {
    sendAll(this.#folder, 'SIGSTOP')
    sendAll(this.#folder, 'SIGKILL')
  }

  /** Halts Patroni and PostgreSQL: connections stay open, and nothing answers. */
  freeze(): void {
    sendAll(this.#folder, 'SIGSTOP')
  }

  thaw(): void {
    sendAll(this.#folder, 'SIGCONT')
  }

  /** Swallows all that goes to and from etcd and the other members. Clients still reach it. */
  isolate(): void {
    for (const gate of this.#network) gate.break('stall', 'now')
  }

  rejoin(): void {
    for (const gate of this.#network) gate.repair()
  }

  get log(): string {
    return logOf(this.#folder)
  }

  /** Asks Patroni, over its REST API, and returns the status; 0 when it does not answer. */
  async ask(path: string, body?: unknown): Promise<number> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.restPort}${path}`, {
        signal: AbortSignal.timeout(body === undefined ? 1000 : 60_000),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    }
  }
}
