import type { Culprit } from '../contract/culprit.ts'

/** What came of loading the folder of collectors. */
export interface Reload {
  /** Whether each file is right that was asked for. */
  readonly success: boolean
  /** What is wrong, a line each. */
  readonly problems: readonly string[]
  /** The names of collectors that are new, that another version took the place of, and that are gone. */
  readonly begun: readonly string[]
  readonly changed: readonly string[]
  readonly gone: readonly string[]
}

/** The folder of collectors, and how its last reload ended. */
export interface Reloads {
  readonly folder: string
  readonly last: Reload
  /** When it was last loaded without a problem, in seconds since 1970; undefined before the first time. */
  readonly lastSuccess: number | undefined
  /** Reads the folder again, and has what changed take effect at the next tick. It never rejects. */
  reload(): Promise<Reload>
  /** Takes an error that code of a collector threw where nobody waited for it: the collector fails. */
  blame(culprit: Culprit, error: unknown): void
}

declare module 'fastify' {
  interface FastifyInstance {
    reloads: Reloads
  }
}
