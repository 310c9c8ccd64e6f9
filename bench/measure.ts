import type { Sql } from 'postgres'
import { type Bounds, question, type Windowed } from './question.ts'

/** One question of a round. */
export interface Asked {
  readonly collector: Windowed
  readonly bounds: Bounds
}

export interface Database {
  readonly name: string
  readonly operations: number
  /** A connection to it, on which nothing but the questions is sent while they are measured. */
  readonly sql: Sql
  /** A connection to another database of the server, which reads what the questions took. */
  readonly admin: Sql
}

/** Arguments of a server whose queries can be measured: nothing else is to run meanwhile. */
export const flags = [
  'shared_preload_libraries=pg_stat_statements',
  'pg_stat_statements.track_planning=on',
  'autovacuum=off',
  'maintenance_work_mem=512MB',
].flatMap((setting) => ['-c', setting])

/**
 * The times, in milliseconds, that each database spends on the questions. They are asked in turns, so that both
 * databases meet the same machine.
 */
export async function measure(
  [one, other]: readonly [Database, Database],
  asked: readonly Asked[],
  rounds: number,
): Promise<[number[], number[]]> {
  const times: [number, number][] = []
  for (let round = 0; round < rounds; round++)
    times.push([await timeOf(one, asked), await timeOf(other, asked)])
  return [times.map(([time]) => time), times.map(([, time]) => time)]
}

/**
 * Milliseconds that the server, by its own measure, takes to plan and execute the questions.
 * https://www.postgresql.org/docs/current/pgstatstatements.html
 */
async function timeOf({ name, sql, admin }: Database, asked: readonly Asked[]): Promise<number> {
  const [{ oid }] = await admin<[{ oid: number }]>`SELECT oid FROM pg_database WHERE datname = ${name}`
  await admin`SELECT pg_stat_statements_reset(0, ${oid}, 0)`
  for (const { collector, bounds } of asked) await question(sql, collector, bounds)
  const [{ calls, milliseconds }] = await admin<[{ calls: number; milliseconds: number }]>`
    SELECT sum(calls)::int AS calls, sum(total_plan_time + total_exec_time) AS milliseconds
      FROM pg_stat_statements
     WHERE dbid = ${oid}`
  if (calls !== asked.length) throw new Error(`${calls} queries were measured, and ${asked.length} were sent`)
  return milliseconds
}
