import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

/** Where the dashboards are that are kept. */
export const FOLDER = join(ROOT, 'deploy/grafana/dashboards')

interface Panel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}
/** What the tests read of a dashboard of Grafana. */
export interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] }
  readonly templating: { readonly list: readonly { readonly type: string; readonly query: string }[] }
}

/** The names of their files. */
export const names = readdirSync(FOLDER)
export const dashboards = names.map((name): Dashboard => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')))
/** Each query, and the panel that it is of. */
export const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap(({ title: panel, targets = [] }) =>
    targets.map(({ expr }) => ({ of: `${title}, ${panel}`, expr })),
  ),
)
