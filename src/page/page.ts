// Page: what scrapes get, in its formats. Imports stages before it only.
import type { Outcome } from '../round/outcome.ts'
import type { CollectorStatus } from '../round/status.ts'

/** The page that scrapes get: the families of every collector, as of the end of the last round. */
export interface Page {
  /** The time of the page that the last scrape got, in milliseconds of the monotonic clock; undefined before the first. */
  readonly scraped: number | undefined
  /**
   * Shows what is known of collectors before any round: in a window 0 or the saved value, and of a gauge 0 unless
   * METRICS_ZEROS or LEADER_ELECTION leaves that out.
   */
  seed(statuses: readonly CollectorStatus[]): void
  /** Renders what these outcomes will show, so that no scrape waits for that after the publication. */
  prepare(outcomes: readonly Outcome[]): Promise<void>
  /** Publishes all outcomes of a round at once. `seconds` is how long it took, `tick` the number of its tick. */
  publish(database: string | undefined, outcomes: readonly Outcome[], seconds: number, tick: number): void
  /** Removes what collectors showed, because another replica leads their database. */
  forget(database: string | undefined, statuses: readonly CollectorStatus[]): void
}
