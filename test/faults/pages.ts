import { setTimeout as delay } from 'node:timers/promises'
import { samplesOf } from '../exposition.ts'
import { poll } from '../poll.ts'
import type { Samples } from '../scrape.ts'
import type { Replica } from './replica.ts'

/** Milliseconds between two looks at all pages. */
const PACE = 25

/** What the pages of all replicas show together, looked at again and again. */
export class Pages {
  readonly #databases: readonly string[]
  readonly #replicas = new Set<Replica>()
  /** By database: who shows it now, and the rounds of the others when that number of replicas began to. */
  readonly #shown = new Map<string, readonly Replica[]>()
  readonly #since = new Map<string, ReadonlyMap<string, number>>()
  /** By replica and database: the rounds that its page counted when it was last seen to count any. */
  readonly #counted = new Map<Replica, Map<string, number>>()
  /** By database: the rounds that ended on it, wherever. */
  readonly #rounds = new Map<string, number>()
  #over = false
  /**
   * By database, for how long more than one page showed it at most, and for how long none did: in rounds that ended
   * meanwhile on another database.
   */
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

  /** The rounds that ended on a database since the watch began. */
  rounds(database: string): number {
    return this.#rounds.get(database) ?? 0
  }

  /** Waits until this is so. */
  async until(wanted: () => boolean): Promise<void> {
    await poll(wanted, (so) => so)
  }

  /** Each database is shown by one replica. */
  settled(): boolean {
    return this.#databases.every((database) => this.shows(database).length === 1)
  }

  /** How many databases a replica shows. */
  count(replica: Replica): number {
    return this.#databases.filter((database) => this.shows(database).includes(replica)).length
  }

  /** Forgets the overlaps and gaps that there were. */
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
      for (const [replica, page] of pages) this.#countRounds(replica, page)
      for (const database of this.#databases) {
        const showing = pages.filter(([, page]) => page.has(`business_one{database="${database}"}`))
        this.#measure(
          database,
          showing.map(([replica]) => replica),
        )
      }
      await delay(PACE)
    }
  }

  #countRounds(replica: Replica, page: Samples): void {
    const counted = this.#counted.get(replica) ?? new Map<string, number>()
    this.#counted.set(replica, counted)
    for (const database of this.#databases) {
      const now = roundsOf(page, database)
      if (now === undefined) continue
      this.#rounds.set(database, this.rounds(database) + now - (counted.get(database) ?? 0))
      counted.set(database, now)
    }
  }

  #measure(database: string, showing: readonly Replica[]): void {
    const before = this.#shown.get(database)?.length
    this.#shown.set(database, showing)
    const since = this.#since.get(database)
    if (showing.length !== before || since === undefined) {
      this.#since.set(database, new Map(this.#rounds))
      return
    }
    if (showing.length === 1) return
    const others = this.#databases.filter((other) => other !== database)
    const ended = others.map((other) => this.rounds(other) - (since.get(other) ?? 0))
    const longest = showing.length === 0 ? this.gaps : this.overlaps
    longest.set(database, Math.max(longest.get(database) ?? 0, ...ended))
  }
}

/** The rounds that a page counts on a database; undefined on that of a replica which does not lead there. */
function roundsOf(page: Samples, database: string): number | undefined {
  const [success, failure] = ['success', 'failure'].map((result) =>
    page.get(`collection_duration_seconds_count{database="${database}",result="${result}"}`),
  )
  return success === undefined || failure === undefined ? undefined : success + failure
}

/** The page of a replica; nothing when it does not answer. */
async function pageOf({ service }: Replica): Promise<Samples> {
  try {
    const response = await fetch(`${service.url}/metrics`, { signal: AbortSignal.timeout(100) })
    return samplesOf(await response.text())
  } catch {
    return new Map()
  }
}
