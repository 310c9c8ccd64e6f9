import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../demo/port.ts'
import { poll } from '../poll.ts'
import { logOf, type Site, sendAll } from './site.ts'

/** An etcd of one member with its API of version 2, which can be lost and come back with what it had. */
export class Etcd {
  readonly url: string
  readonly #site: Site
  readonly #folder: string
  readonly #peer: string
  #child: ChildProcess | undefined

  private constructor(site: Site, port: number, peerPort: number) {
    this.#site = site
    this.#folder = site.folder('etcd')
    this.url = `http://127.0.0.1:${port}`
    this.#peer = `http://127.0.0.1:${peerPort}`
  }

  static async start(site: Site): Promise<Etcd> {
    const etcd = new Etcd(site, await freePort(), await freePort())
    await etcd.start()
    return etcd
  }

  async start(): Promise<void> {
    const child = this.#site.run(this.#folder, 'etcd', [
      '--data-dir=data',
      '--enable-v2',
      `--listen-client-urls=${this.url}`,
      `--advertise-client-urls=${this.url}`,
      `--listen-peer-urls=${this.#peer}`,
      `--initial-advertise-peer-urls=${this.#peer}`,
      `--initial-cluster=default=${this.#peer}`,
    ])
    this.#child = child
    const answers = () =>
      fetch(`${this.url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    const ready = await poll(
      async () => child.exitCode ?? (await answers()),
      (state) => state !== false,
    )
    if (ready !== true) throw new Error(`etcd ended with ${ready}:\n${logOf(this.#folder)}`)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    sendAll(this.#folder, 'SIGKILL')
    await ended
  }
}
