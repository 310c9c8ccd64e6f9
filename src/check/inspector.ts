import type { Collector } from '../contract/collector.ts'
import type { Finding } from '../finding.ts'
import type { Description, Study } from '../query/study.ts'
import type { CollectorStatus } from '../round/status.ts'
import type { Report } from './report.ts'

/** What a report shows beside its findings. */
export interface ReportOptions {
  /** Whether to show the plan of each query. */
  readonly explain: boolean
  /** How many lines of what a collector would put on the page to show. */
  readonly samples: number
  /** Milliseconds that the window of an incremental collector goes back; undefined for what a run of the service asks. */
  readonly since?: number | undefined
}

/** The snapshot that collectors are checked in, and what comes of it. */
export interface Check {
  /** The endpoint that was asked, and the time of its snapshot: ISO 8601 in UTC. */
  readonly endpoint: string
  readonly time: string
  /** What concerns all queries of the database. */
  readonly warnings: readonly Finding[]
  /** One for each collector, as soon as it has run. */
  readonly reports: AsyncGenerator<Report, void>
}

/** A query, and the servers that it is for. */
export interface AskedQuery extends Pick<Collector, 'versions' | 'role'> {
  readonly text: string
}

/** Asks one database about the queries of collectors, outside of any round. */
export interface Inspector {
  /** Whether the database is being asked for a plan: for one at a time. */
  readonly asking: boolean
  /** How the database would run a collector's query, in lines of text. Rejects when it cannot be asked. */
  explain(status: CollectorStatus): Promise<readonly string[]>
  /**
   * Runs collectors once, one after the other, in one snapshot of the endpoint that answers now, and keeps no result: no
   * page changes, no counter moves. The snapshot lasts until the reports were read. Rejects with the reason of each
   * endpoint when none can be used.
   */
  check(collectors: readonly CollectorStatus[], options: ReportOptions): Promise<Check>
  /**
   * Describes a query that is no collector yet, and runs it once, within `timeout` milliseconds. Rejects with PostgreSQL's
   * error when it is not a query, and with a Mistake when it returns more rows than a page could show.
   */
  study(text: string, timeout: number): Promise<Study>
  /**
   * Describes and plans queries, in one snapshot, and runs none. Resolves to what each is, to why PostgreSQL refuses it, or to
   * undefined for one that is for other servers. Rejects with the reason of each endpoint when none can be used.
   */
  describe(
    asked: readonly AskedQuery[],
    timeout: number,
  ): Promise<readonly (Description | Error | undefined)[]>
  /**
   * Whether two queries return the same rows, and the second has these columns; false when one of them fails.
   */
  returnsSame(one: string, other: string, columns: readonly string[], timeout: number): Promise<boolean>
  /** Cancels what runs, on the server too. */
  cancel(): void
}
