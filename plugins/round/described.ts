// What the database says of a query without running it. Imports src/ only.
import type { ISql, Row } from 'postgres'
import type { PlanNode } from '../../src/query/plan.ts'

/** The answer to `describe`, of which the driver's types know a part. */
export interface Described {
  readonly columns: readonly { readonly name: string; readonly type: number; readonly table?: number }[]
}

/** What is read of a plan beside its reads. */
export interface OutputNode extends PlanNode {
  readonly Output?: readonly string[]
  readonly 'Plan Rows'?: number
  readonly 'Group Key'?: readonly string[]
  readonly Plans?: readonly OutputNode[]
}

/** Resolves to the plan of a query. */
export async function planOf(sql: ISql, text: string): Promise<OutputNode> {
  const rows: readonly Row[] = await sql.unsafe(`EXPLAIN (VERBOSE, FORMAT JSON) ${text}`)
  return rows[0]?.['QUERY PLAN'][0].Plan
}
