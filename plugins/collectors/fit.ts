// Which collectors fit together. Imports src/ only.
import type { Config } from '../../src/config/read.ts'
import type { Collector } from '../../src/contract/collector.ts'
import { checkNames } from '../../src/contract/did-you-mean.ts'
import { isReserved, namesOnPage } from '../../src/contract/metric-names.ts'
import { seriesOfGroup } from '../../src/samples/group.ts'

/** The label with the name of the database, when DATABASE_URL gives names. */
const DATABASE_LABEL = 'database'

/** A set of collectors that fit together. */
export class Fit {
  readonly #limit: number
  readonly #databases: readonly string[]
  readonly #names = new Set<string>()
  /** The owner of each name that a sample can have. */
  readonly #owners = new Map<string, string>()

  constructor({ databases, COLLECTOR_MAX_SERIES }: Pick<Config, 'databases' | 'COLLECTOR_MAX_SERIES'>) {
    this.#databases = databases.flatMap(({ name }) => name ?? [])
    this.#limit = COLLECTOR_MAX_SERIES
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Adds a collector. Throws an Error that says why it does not fit, and adds nothing then. */
  add(collector: Collector): void {
    const { name, metrics, labels, databases } = collector
    const fail = (problem: string): never => {
      throw new Error(`collector "${name}": ${problem}`)
    }
    const named = this.#databases.length > 0
    if (this.#names.has(name)) throw new Error(`there are two collectors with the name "${name}"`)
    const own = new Map<string, string>()
    for (const metric of metrics) {
      for (const known of namesOnPage(metric)) {
        const other = isReserved(known) ? 'the service itself' : (this.#owners.get(known) ?? own.get(known))
        if (other !== undefined)
          fail(`the name "${known}" of its metric "${metric.name}" is taken by ${other}`)
        own.set(known, `collector "${name}"`)
      }
    }
    if (named && labels.some((label) => label.name === DATABASE_LABEL)) {
      fail(
        `its label "${DATABASE_LABEL}" is taken by the name of the database, because DATABASE_URL gives names`,
      )
    }
    if (databases !== undefined && !named) {
      fail(
        'it lists databases, and DATABASE_URL gives no names: DATABASE_URL="eu=postgres://… us=postgres://…"',
      )
    }
    checkNames(`collector "${name}" lists the databases`, databases ?? [], this.#databases, 'databases')
    const least = seriesOfGroup(collector)
    if (least > this.#limit) {
      fail(`its closed labels make ${least} series, more than COLLECTOR_MAX_SERIES (${this.#limit})`)
    }
    this.#names.add(name)
    for (const [known, owner] of own) this.#owners.set(known, owner)
  }
}
