import { readdir } from 'node:fs/promises'
import type { ISql, Row } from 'postgres'
import type { CollectorPlugin, Fragment } from '../src/collector.ts'
import type { Collector } from '../src/contract/collector.ts'
import { observer } from '../src/query/observe.ts'

/** A collector whose query asks for a window. */
export type Windowed = Collector & { readonly settle: number }

/** The bounds of a window as PostgreSQL reads a timestamptz. */
export interface Bounds {
  readonly from: string
  readonly to: string
}

const COLLECTORS = new URL('../collectors/', import.meta.url)

/** The windowed collectors of the service, by the names of their files. */
export async function windowedCollectors(): Promise<Windowed[]> {
  const files = (await readdir(COLLECTORS)).filter((file) => file.endsWith('.ts')).sort()
  const modules = await Promise.all(
    files.map(
      (file): Promise<{ default: Partial<CollectorPlugin> }> => import(new URL(file, COLLECTORS).href),
    ),
  )
  return modules.flatMap(({ default: { collector } }) =>
    collector?.settle === undefined ? [] : [{ ...collector, settle: collector.settle }],
  )
}

/** A collector's own query, its bounds written into the text as the service does. */
export function question(sql: ISql, collector: Collector, { from, to }: Bounds): Fragment {
  const bound = (text: string) => sql.unsafe<Row[]>(`timestamptz '${text}'`)
  return collector.query(sql, { observe: observer(sql, collector), from: bound(from), to: bound(to) })
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

/** How the database would answer a query: each step in words, such as "Seq Scan on operations". */
export async function planOf(sql: ISql, query: Fragment): Promise<string[]> {
  const [row] = await sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>`EXPLAIN (FORMAT JSON) ${query}`
  const steps = (node: PlanNode): string[] => {
    const on = node['Relation Name'] === undefined ? '' : ` on ${node['Relation Name']}`
    const by = node['Index Name'] === undefined ? '' : ` by ${node['Index Name']}`
    return [`${node['Node Type']}${by}${on}`, ...(node.Plans ?? []).flatMap(steps)]
  }
  return row === undefined ? [] : steps(row['QUERY PLAN'][0].Plan)
}
