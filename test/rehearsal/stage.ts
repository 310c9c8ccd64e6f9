import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import tls from 'node:tls'
import type { Test } from 'tap'
import { Cluster } from '../cluster/cluster.ts'
import type { OnCall } from '../deploy/on-call.ts'
import { Files } from './files.ts'
import { watch } from './on-call.ts'
import { Replica } from './replica.ts'
import { createShop } from './shop.ts'
import { Stalls } from './stalls.ts'

/** Milliseconds between two questions, each of which is work for Prometheus. */
const PACE = 300

type Answer = Awaited<ReturnType<OnCall['prometheus']['query']>>

/** All that plays a part: a cluster, two replicas of the service that read it, and those who watch them. */
export class Stage {
  readonly cluster: Cluster
  readonly files: Files
  readonly replicas: readonly [Replica, Replica]
  readonly stalls: Stalls
  readonly #onCall: OnCall

  private constructor(t: Test, cluster: Cluster, files: Files, replicas: [Replica, Replica], onCall: OnCall) {
    this.stalls = new Stalls(t)
    this.cluster = cluster
    this.files = files
    this.replicas = replicas
    this.#onCall = onCall
  }

  /** Starts all. Resolves when Prometheus has the values of a replica that leads. */
  static async start(t: Test): Promise<Stage> {
    const mark = (what: string) => t.comment(`${new Date().toISOString().slice(11, 19)} ${what}`)
    mark('starting a cluster')
    const cluster = await Cluster.start(t)
    const files = new Files(t)
    tls.setDefaultCACertificates([readFileSync(files.authority, 'utf8')])
    const password = newPassword()
    await createShop(cluster, password)
    files.rotate(password)
    mark('starting replicas')
    const replicas: [Replica, Replica] = [
      await Replica.create(t, 'first', cluster, files),
      await Replica.create(t, 'second', cluster, files),
    ]
    await Promise.all(replicas.map((replica) => replica.start()))
    mark('starting Prometheus and Alertmanager')
    const targets = replicas.map(({ web }) => web.endpoint)
    const stage = new Stage(t, cluster, files, replicas, await watch(t, targets, files.authority))
    mark('waiting for a leader and its values')
    await stage.leader()
    await stage.has('business_debit')
    return stage
  }

  get prometheus(): OnCall['prometheus'] {
    return this.#onCall.prometheus
  }

  get alertmanager(): OnCall['alertmanager'] {
    return this.#onCall.alertmanager
  }

  /** Resolves when Prometheus has this. */
  async has(query: string): Promise<void> {
    await this.#asked(query, ({ length }) => length > 0)
  }

  /** Resolves when Prometheus knows that one replica leads and no other. */
  async leader(): Promise<Replica> {
    const led = await this.#asked('collection_leader == 1', ({ length }) => length === 1)
    const instance = led[0]?.metric.instance
    const leader = this.replicas.find(({ web }) => web.endpoint === instance)
    if (leader === undefined) throw new Error(`${instance} leads`)
    return leader
  }

  /** The answer of Prometheus, when it answers as wanted. */
  async #asked(query: string, wanted: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const answer = await this.prometheus.query(query).catch(() => [])
      if (wanted(answer)) return answer
      await delay(PACE)
    }
  }

  /** The one that leads, or the other. */
  async replica(leads: boolean): Promise<Replica> {
    const leader = await this.leader()
    const [first, second] = this.replicas
    return (leader === first) === leads ? first : second
  }
}

export function newPassword(): string {
  return randomBytes(12).toString('hex')
}
