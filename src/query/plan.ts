/** A node of what EXPLAIN (VERBOSE, FORMAT JSON) tells: https://www.postgresql.org/docs/current/sql-explain.html */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Total Cost': number
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  /** What a foreign server is asked. */
  readonly 'Remote SQL'?: string
  readonly Plans?: readonly PlanNode[]
}

/** How a plan reads one relation. */
export interface Scan {
  readonly schema: string
  readonly relation: string
  readonly alias: string
  readonly sequential: boolean
  /** Conditions by which rows are found in an index; several where a bitmap is made of several. */
  readonly found: { readonly index: string; readonly condition: string }[]
  /** What is asked of each row that was read; of a foreign table, what the other server is asked. */
  readonly filter: string
  readonly foreign: boolean
}

/** What of a plan says how a query reads its tables. */
export interface Reads {
  readonly cost: number
  readonly scans: readonly Scan[]
}

export function readsOf(plan: PlanNode): Reads {
  const scans: Scan[] = []
  const visit = (node: PlanNode, parent: Scan | undefined) => {
    const { Schema: schema, 'Relation Name': relation, Alias: alias = '' } = node
    let scan = parent
    if (schema !== undefined && relation !== undefined) {
      const foreign = node['Remote SQL'] !== undefined
      const filter = `${node.Filter ?? ''} ${node['Remote SQL'] ?? ''}`
      const sequential = node['Node Type'] === 'Seq Scan'
      scan = { schema, relation, alias, sequential, found: [], filter, foreign }
      scans.push(scan)
    }
    // The index scans that make a bitmap name no relation: theirs is that of the scan above them.
    const { 'Index Name': index, 'Index Cond': condition } = node
    if (index !== undefined && condition !== undefined) scan?.found.push({ index, condition })
    for (const child of node.Plans ?? []) visit(child, scan)
  }
  visit(plan, undefined)
  return { cost: plan['Total Cost'], scans }
}

/** What is known of a relation: the table that it is a partition of or itself, as SQL has it, and its rows, about. */
export interface Relation {
  readonly table: string
  readonly rows: number
}

/** A table, and how many of its rows are read from end to end. */
export interface SequentialScan {
  readonly table: string
  readonly rows: number
}

/** The tables of more than `limit` rows that are read from end to end, partitions as one. */
export function sequentialScans(
  { scans }: Reads,
  relations: ReadonlyMap<string, Relation>,
  limit: number,
): SequentialScan[] {
  const read = new Set(scans.filter(({ sequential }) => sequential).map(nameOf))
  const tables = new Map<string, number>()
  for (const name of read) {
    const { table, rows } = relations.get(name) ?? { table: name, rows: 0 }
    tables.set(table, (tables.get(table) ?? 0) + Math.max(rows, 0))
  }
  return [...tables].filter(([, rows]) => rows > limit).map(([table, rows]) => ({ table, rows }))
}

/** The schema and the name of a relation. */
export function nameOf({ schema, relation }: Scan): string {
  return `${schema}.${relation}`
}
