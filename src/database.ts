// What belongs to one database. Imports types of the stages only.
import type { Inspector } from './check/inspector.ts'
import type { Leader } from './leader/leader.ts'
import type { Db } from './query/db.ts'
import type { Collectors } from './round/collectors.ts'
import type { Round } from './round/round.ts'
import type { State } from './round/state.ts'
import type { Ticker } from './tick/ticker.ts'

/**
 * Everything that belongs to one database that the service reads. src/app.ts makes it, and the plugins that concern the
 * whole service, such as the page, get a list of them.
 */
export interface Database {
  /** The value of the `database` label; undefined when there is one database without a name, and no such label. */
  readonly name: string | undefined
  readonly db: Db
  readonly collectors: Collectors
  readonly state: State
  readonly leader: Leader
  readonly round: Round
  readonly inspector: Inspector
  readonly ticker: Ticker
}

declare module 'fastify' {
  interface FastifyInstance {
    databases: readonly Database[]
  }
}
