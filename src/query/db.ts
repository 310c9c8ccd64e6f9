import type { Sql } from 'postgres'
import type { Endpoint, Role } from '../config/database-url.ts'

export interface EndpointState {
  readonly name: string
  readonly up: boolean
  readonly role: Role | undefined
  readonly error: string | undefined
}

export interface Begun extends Role {
  readonly pid: number | null
  readonly time: string
}

export interface Session {
  readonly role: Role
  run<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T>
  limitIdle(milliseconds: number): Promise<void>
  close(): Promise<void>
  destroy(reason: unknown): void
}

export interface Snapshot {
  readonly endpoint: Endpoint
  readonly begun: Begun
  readonly alone: boolean
  readonly lost: boolean
  run<T>(timeout: number, signal: AbortSignal, query: (sql: Sql) => PromiseLike<T>): Promise<T>
  close(): Promise<void>
}

export interface Db {
  readonly endpoints: readonly EndpointState[]
  readonly current: string | undefined
  readonly votes: number
  readonly required: number
  readonly quorate: boolean
  waitForQuorum(signal: AbortSignal): Promise<void>
  primary(signal: AbortSignal): Promise<Session>
  vote(signal: AbortSignal, leave?: boolean): Promise<void>
  snapshot(hold: number, signal: AbortSignal, avoid?: ReadonlyMap<Endpoint, Error>): Promise<Snapshot>
  close(): Promise<void>
}
