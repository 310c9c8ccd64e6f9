import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { isPrimary, onServer } from './session.ts'

/** Milliseconds between two looks. */
const PACE = 100

/** When a client of the test's own found no primary at any of several addresses. Times are of the monotonic clock. */
export class Availability {
  /** From the last question that a primary answered to the next answer of one. */
  readonly #gaps: { readonly from: number; until: number }[] = []
  /** The addresses that lead to a primary. */
  readonly #primaries = new Set<string>()
  #asked = performance.now()
  #watching = true

  static watch(t: Test, urls: readonly string[]): Availability {
    const availability = new Availability()
    for (const url of urls) void availability.#watch(url)
    t.teardown(() => {
      availability.#watching = false
    })
    return availability
  }

  /** Milliseconds from the last moment without a primary to this one; infinite when there always was one. */
  since(moment: number): number {
    const gap = this.#gaps.findLast(({ from }) => from <= moment)
    return gap === undefined ? Number.POSITIVE_INFINITY : Math.max(moment - gap.until, 0)
  }

  /** The spans without a primary since a moment, in seconds from it. */
  spans(from: number): string[] {
    const seconds = (moment: number) => ((moment - from) / 1000).toFixed(1)
    return this.#gaps
      .filter(({ until }) => until >= from)
      .map((gap) => `${seconds(gap.from)} to ${seconds(gap.until)}`)
  }

  /** Asks over one session as long as that lasts, which is less work for the servers than a new one each time. */
  async #watch(url: string): Promise<void> {
    while (this.#watching) {
      await onServer(url, async (sql) => {
        while (this.#watching) {
          const asked = performance.now()
          if (await isPrimary(sql)) this.#found(url, asked)
          else this.#lost(url)
          await delay(PACE)
        }
      }).catch(() => this.#lost(url))
      await delay(PACE)
    }
  }

  #found(url: string, asked: number): void {
    const gap = this.#gaps.at(-1)
    if (gap !== undefined) gap.until = Math.min(gap.until, performance.now())
    this.#primaries.add(url)
    this.#asked = asked
  }

  #lost(url: string): void {
    if (!this.#primaries.delete(url) || this.#primaries.size > 0) return
    this.#gaps.push({ from: this.#asked, until: Number.POSITIVE_INFINITY })
  }
}
