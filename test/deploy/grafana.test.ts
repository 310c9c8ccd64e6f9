import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { lacks } from '../program.ts'
import { watchDemo } from './demo.ts'

const DEPLOYED = fileURLToPath(new URL('../../deploy/grafana/', import.meta.url))

interface Panel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}
interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly type: string; readonly query: string }[] }
}

const names = readdirSync(`${DEPLOYED}dashboards`)
const dashboards = names.map(
  (name): Dashboard => JSON.parse(readFileSync(join(DEPLOYED, 'dashboards', name), 'utf8')),
)
const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap(({ title: panel, targets = [] }) =>
    targets.map(({ expr }) => ({ of: `${title}, ${panel}`, expr })),
  ),
)

t.test('the dashboards that are kept are those that their sources make', async (t) => {
  const folder = t.testdir({})
  const { status, stderr } = spawnSync(process.execPath, [`${DEPLOYED}build.ts`, folder], {
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.same(readdirSync(folder), names)
  for (const name of names) {
    const made = readFileSync(join(folder, name), 'utf8')
    t.ok(made === readFileSync(join(DEPLOYED, 'dashboards', name), 'utf8'), `${name}: npm run dashboards`)
  }
})

t.test(
  'every panel says what it shows, asks the chosen data source, and has its own place on the grid',
  async (t) => {
    for (const { panels } of dashboards) {
      const taken = new Set<string>()
      for (const { type, title, description, datasource, targets = [], gridPos } of panels) {
        if (type !== 'row') {
          t.ok(description && targets.length > 0, `${title} is described`)
          for (const { uid } of [datasource ?? { uid: '' }, ...targets.map(({ datasource }) => datasource)])
            t.equal(uid, '$datasource')
        }
        t.ok(gridPos.x + gridPos.w <= 24, `${title} fits`)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            if (taken.has(`${x} ${y}`)) t.fail(`${title} lies upon another panel at ${x}, ${y}`)
            taken.add(`${x} ${y}`)
          }
        }
      }
    }
  },
)

t.test(
  'every query of the dashboards has data when the demo has been scraped',
  { skip: lacks('prometheus', 'prometheus') },
  async (t) => {
    const prometheus = await watchDemo(t)
    /** As Grafana does with all values chosen and scrapes every second. */
    const interpolate = (text: string) =>
      text.replace(/\$(job|instance|provider)\b/g, '.*').replaceAll('$__rate_interval', '4s')

    const hasData = async (expr: string) =>
      (await prometheus.query(interpolate(expr))).some(({ value: [, value] }) =>
        Number.isFinite(Number(value)),
      )

    // What follows from what was scraped has had its time when there are twenty scrapes more.
    const scrapes = async () => (await prometheus.value('count_over_time(up[1h])')) ?? 0
    const enough = (await scrapes()) + 20
    let missing = queries
    await prometheus.until(async () => {
      const filled = await Promise.all(missing.map(({ expr }) => hasData(expr)))
      missing = missing.filter((_, i) => !filled[i])
      return missing.length === 0 || (await scrapes()) >= enough
    })
    t.same(missing, [])

    const variables = dashboards
      .flatMap(({ templating }) => templating.list)
      .filter(({ type }) => type === 'query')
    for (const { query } of variables) {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? []
      const values = await prometheus.get<string[]>(`label/${label}/values`, {
        'match[]': interpolate(selector),
      })
      t.ok(values.length > 0, query)
    }

    // All that the service says, as it is or as the rules record it.
    const rules = readFileSync(
      new URL('../../deploy/prometheus/rules/recording.yml', import.meta.url),
      'utf8',
    )
    const shown = [...queries.map(({ expr }) => expr), rules]
    const metadata = await prometheus.get<Record<string, unknown>>('metadata')
    for (const family of Object.keys(metadata)) {
      if (!/^(business|collect(ion|or)|database|metrics_service)_/.test(family)) continue
      t.ok(
        shown.some((text) => text.includes(family)),
        `${family} is on a dashboard`,
      )
    }
  },
)
