// What of a collector's page changes by itself. Imports src/ and its own folder only.
import type { Database } from '../../src/database.ts'
import { conditionOf } from '../../src/health/condition.ts'
import { type Html, html } from '../../src/html/html.ts'
import type { CollectorStatus } from '../../src/round/status.ts'
import { factsOf, whyOf } from './collector-facts.ts'
import type { Fragments } from './fragments.ts'
import { pathOf } from './links.ts'
import { type SampleSelection, sampleList } from './samples.ts'
import { type Look, lookAt, type Subject } from './subject.ts'

/** A page of a collector, with the samples that it was asked to show. */
export class CollectorView {
  readonly #subject: Subject
  readonly #database: Database
  readonly #name: string
  readonly #selection: SampleSelection
  /** The samples of the last run. */
  #samples:
    | { readonly of: CollectorStatus; readonly published: number | undefined; readonly list: Html }
    | undefined

  constructor(subject: Subject, database: Database, status: CollectorStatus, selection: SampleSelection) {
    this.#subject = subject
    this.#database = database
    this.#name = status.collector.name
    this.#selection = selection
  }

  /** Is the same for views that show the same. */
  get key(): string {
    return JSON.stringify([this.#database.name, this.#name, this.#selection])
  }

  /** Renders every fragment as it is now; none when the collector is gone, so that the page loads itself again. */
  async fragments(): Promise<Fragments> {
    const look = lookAt(this.#subject)
    const status = this.#database.collectors.list.find(({ collector }) => collector.name === this.#name)
    if (status === undefined) return new Map()
    const { word, tab } = conditionOf(status, look.now)
    return new Map([
      ['title', html`${titleOf(status, look)}`],
      ['condition', html`<span class="${tab}">${word}</span>`],
      ['why', whyOf(status)],
      ['facts', factsOf(this.#database, status, look)],
      ['found', await this.#list(status)],
    ])
  }

  async #list(status: CollectorStatus): Promise<Html> {
    const { published } = status
    if (this.#samples?.of !== status || this.#samples.published !== published) {
      const list = await sampleList(status, this.#selection)
      this.#samples = { of: status, published, list }
    }
    return this.#samples.list
  }

  /** The path of the stream of this page. */
  get live(): string {
    const query = new URLSearchParams({ collector: this.#name, search: this.#selection.search })
    if (this.#database.name !== undefined) query.set('database', this.#database.name)
    if (this.#selection.largest) query.set('sort', 'value')
    return `/debug/live?${query}`
  }
}

/** What the tab of a browser is called. */
function titleOf(status: CollectorStatus, { now, subject }: Look): string {
  return `${conditionOf(status, now).word} · ${status.name} · ${subject.name}`
}

/** The path of a collector's page with these samples. */
export function samplesPath(status: CollectorStatus, { search, largest }: SampleSelection): string {
  const path = pathOf(status)
  const query = new URLSearchParams({
    ...(search === '' ? {} : { search }),
    ...(largest ? { sort: 'value' } : {}),
  })
  return query.size === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
}
