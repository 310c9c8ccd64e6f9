import type { Outcome } from '../round/outcome.ts'
import type { CollectorStatus } from '../round/status.ts'

/** What a scrape is answered with: the families of every collector, as they were when the last round ended. */
export interface Page {
  /** Shows what is known of collectors before any round: 0, or where a counter stopped when its state was saved. */
  seed(statuses: readonly CollectorStatus[]): void
  /** Renders what these outcomes will show, so that no scrape after the publication waits for it. */
  prepare(outcomes: readonly Outcome[]): Promise<void>
  /** Takes all outcomes of a round at once. `seconds` is how long it took, `tick` the number of its tick. */
  publish(database: string | undefined, outcomes: readonly Outcome[], seconds: number, tick: number): void
  /** Removes what collectors showed: another replica leads their database. */
  forget(database: string | undefined, statuses: readonly CollectorStatus[]): void
}
