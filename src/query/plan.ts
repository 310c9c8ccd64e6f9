/** A node of the output of EXPLAIN (VERBOSE, FORMAT JSON): https://www.postgresql.org/docs/current/sql-explain.html */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Total Cost': number
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  /** The query that a foreign server gets. */
  readonly 'Remote SQL'?: string
  readonly Plans?: readonly PlanNode[]
}

/** How a plan reads one relation. */
export interface Scan {
  readonly schema: string
  readonly relation: string
  readonly alias: string
  readonly sequential: boolean
  /** The conditions on indexes; a bitmap may combine several. */
  readonly found: { readonly index: string; readonly condition: string }[]
  /** The condition on each row that was read; for a foreign table, the query that the other server gets. */
  readonly filter: string
  readonly foreign: boolean
}

/** The parts of a plan that describe how a query reads its tables. */
export interface Reads {
  readonly cost: number
  readonly scans: readonly Scan[]
}

/** Returns the reads of a plan. */
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
    // The index scans below a bitmap scan name no relation: it is the relation of the bitmap scan.
    const { 'Index Name': index, 'Index Cond': condition } = node
    if (index !== undefined && condition !== undefined) scan?.found.push({ index, condition })
    for (const child of node.Plans ?? []) visit(child, scan)
  }
  visit(plan, undefined)
  return { cost: plan['Total Cost'], scans }
}

/** The table of a relation in SQL (for a partition, the partitioned table), and the relation's estimated rows. */
export interface Relation {
  readonly table: string
  readonly rows: number
}

/** A table that is read from end to end, and its estimated rows. */
export interface SequentialScan {
  readonly table: string
  readonly rows: number
}

/**
 * Returns the tables of more than `limit` rows that are read from end to end. The partitions of a table count together.
 */
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

/** Returns the schema and the name of a relation. */
export function nameOf({ schema, relation }: Scan): string {
  return `${schema}.${relation}`
}
