import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { Etcd } from './etcd.ts'
import { startHaproxy } from './haproxy.ts'
import { Member } from './member.ts'
import { Site } from './site.ts'

/** Milliseconds between two questions, each of which is work for Patroni. */
const PACE = 200

/** Milliseconds for all to start. */
const PATIENCE = 180_000

/** Three PostgreSQL members under Patroni, and a HAProxy in front of them. */
export class Cluster {
  readonly etcd: Etcd
  readonly members: readonly Member[]
  /** `host:port` that leads to the primary. */
  readonly haproxy: string
  readonly #password: string

  private constructor(etcd: Etcd, members: readonly Member[], haproxy: string, password: string) {
    this.etcd = etcd
    this.members = members
    this.haproxy = haproxy
    this.#password = password
  }

  /** Starts all, and waits until there are a leader and two standbys. */
  static async start(t: Test): Promise<Cluster> {
    const site = new Site(t)
    const etcd = await Etcd.start(site)
    const password = randomBytes(12).toString('hex')
    const create = (name: string) => Member.create(t, name, { site, etcd: etcd.url, password })
    const members = [await create('one'), await create('two'), await create('three')]
    const cluster = new Cluster(etcd, members, await startHaproxy(site, members), password)
    for (const member of members) member.start()
    await cluster.whole(performance.now() + PATIENCE)
    return cluster
  }

  /** The URL of the database `postgres` at these addresses, as the superuser. */
  url(endpoints: readonly string[], options = ''): string {
    return `postgres://postgres:${this.#password}@${endpoints.join()}/postgres${options}`
  }

  /** The member that Patroni says is the leader, once there is one that is not `other`. */
  async leader(other?: Member): Promise<Member> {
    for (;;) {
      const leader = (await this.#answering('/primary')).find((member) => member !== other)
      if (leader !== undefined) return leader
      await delay(PACE)
    }
  }

  /**
   * Waits until there is one leader, which all others follow, one of them synchronously. Returns the leader. Rejects, with what
   * the members logged, when it is `until`, in milliseconds of the monotonic clock.
   */
  async whole(until = Number.POSITIVE_INFINITY): Promise<Member> {
    for (;;) {
      const [leader, another] = await this.#answering('/primary')
      const synchronous = await this.#answering('/synchronous')
      const replicas = await this.#answering('/replica?lag=1MB')
      const one = leader !== undefined && another === undefined
      if (one && synchronous.length === 1 && replicas.length === this.members.length - 1) return leader
      if (performance.now() > until)
        throw new Error(this.members.map(({ name, log }) => `${name} logged:\n${log}`).join('\n'))
      await delay(PACE)
    }
  }

  /** The members that answer a question of health with yes. */
  async #answering(path: string): Promise<Member[]> {
    const statuses = await Promise.all(this.members.map((member) => member.ask(path)))
    return this.members.filter((_, i) => statuses[i] === 200)
  }
}
