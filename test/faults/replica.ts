import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { samplesOf } from '../exposition.ts'
import { Gate, urlOf } from '../gate.ts'
import type { ServiceProcess } from '../process.ts'
import { serveFolder } from './process.ts'

/** Milliseconds of a tick. */
export const TICK = 2000
/** Milliseconds between two looks at all pages. */
const PACE = 25

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
    METRICS_TICK_DURATION: `${TICK}ms`,
    LEADER_ELECTION: 'true',
  })
  return { service, gate }
}

/** What all pages together show, again and again. */
export class Gallery {
  readonly #databases: readonly string[]
  readonly #replicas = new Set<Replica>()
  /** By database: who shows it now, and since when nobody or more than one does. */
  readonly #shown = new Map<string, readonly Replica[]>()
  readonly #since = new Map<string, number>()
  #over = false
  /** By database, the longest time in milliseconds for which more than one page showed it, and for which none did. */
  readonly overlaps = new Map<string, number>()
  readonly gaps = new Map<string, number>()

  constructor(databases: readonly string[]) {
    this.#databases = databases
  }

  add(replica: Replica): void {
    this.#replicas.add(replica)
  }

  remove(replica: Replica): void {
    this.#replicas.delete(replica)
  }

  /** Who shows a database now. */
  shows(database: string): readonly Replica[] {
    return this.#shown.get(database) ?? []
  }

  /** Waits until this is so; a test that waits in vain runs into its own time limit. */
  async until(wanted: () => boolean): Promise<void> {
    while (!wanted()) await delay(PACE)
  }

  /** Each database is shown by one replica. */
  settled(): boolean {
    return this.#databases.every((database) => this.shows(database).length === 1)
  }

  /** How many databases a replica shows. */
  count(replica: Replica): number {
    return this.#databases.filter((database) => this.shows(database).includes(replica)).length
  }

  /** Counts anew: what was before does not matter. */
  begin(): void {
    for (const map of [this.overlaps, this.gaps, this.#since]) map.clear()
  }

  end(): void {
    this.#over = true
  }

  async watch(): Promise<void> {
    while (!this.#over) {
      const pages = await Promise.all(
        Array.from(this.#replicas, async (replica) => [replica, await pageOf(replica)] as const),
      )
      const now = performance.now()
      for (const database of this.#databases) {
        const showing = pages.filter(([, page]) => page.has(`business_one{database="${database}"}`))
        this.#count(
          database,
          showing.map(([replica]) => replica),
          now,
        )
      }
      await delay(PACE)
    }
  }

  #count(database: string, showing: readonly Replica[], now: number): void {
    const before = this.#shown.get(database)?.length
    this.#shown.set(database, showing)
    if (showing.length !== before) this.#since.set(database, now)
    const lasted = now - (this.#since.get(database) ?? now)
    const longest = showing.length === 0 ? this.gaps : this.overlaps
    if (showing.length !== 1) longest.set(database, Math.max(longest.get(database) ?? 0, lasted))
  }
}

/** The page of a replica; nothing when it does not answer. */
async function pageOf({ service }: Replica): Promise<Map<string, number>> {
  try {
    const response = await fetch(`${service.url}/metrics`, { signal: AbortSignal.timeout(100) })
    return samplesOf(await response.text())
  } catch {
    return new Map()
  }
}
