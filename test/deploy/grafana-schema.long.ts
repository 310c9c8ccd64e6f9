import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Dashboard } from '@grafana/schema'
import t from 'tap'
import { ROOT } from '../root.ts'
import { dashboards } from './dashboards.ts'

/** Grafana's own types, as JSON has them: a member of an enumeration is its value. */
const TYPES = `
import type * as schema from '@grafana/schema'
type Json<T> = T extends string
  ? \`\${T}\`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer E)[]
      ? Json<E>[]
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T
/** What the data source of Prometheus takes besides. */
interface Query { expr: string; useValueForTime?: boolean; titleFormat: string; textFormat: string; tagKeys?: string }
interface Annotations { list: Json<schema.AnnotationQuery & Query>[] }
type Dashboard = Omit<Json<schema.Dashboard>, 'annotations'> & { annotations: Annotations }
`

/** What the compiler says of dashboards that are to be what Grafana's schema says. */
function check(folder: string, file: string): string {
  const options = ['--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler']
  const tsc = ['-u', 'NODE_OPTIONS', process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc')]
  const args = [...tsc, '--noEmit', '--ignoreConfig', ...options, join(folder, file)]
  const { stdout, stderr } = spawnSync('env', args, { encoding: 'utf8' })
  return stdout + stderr
}

t.test("the dashboards are what Grafana's schema says", async (t) => {
  const key: keyof Dashboard = 'graphTooltip'
  const written = dashboards.map((board, i) => `export const board${i}: Dashboard = ${JSON.stringify(board)}`)
  const folder = t.testdir({
    'right.ts': TYPES + written.join('\n'),
    'wrong.ts': TYPES + written.join('\n').replace(`"${key}"`, '"tooltipOfGraph"'),
  })
  t.equal(check(folder, 'right.ts'), '')
  t.match(check(folder, 'wrong.ts'), /tooltipOfGraph/, 'and the schema does tell')
})
