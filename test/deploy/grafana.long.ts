import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'
import { dashboards, queries } from './dashboards.ts'
import { watchDemo } from './demo.ts'

t.test(
  'every query of the dashboards has data when the demo has been scraped',
  { skip: lacks('prometheus', 'prometheus') },
  async (t) => {
    const prometheus = await watchDemo(t)
    /** As Grafana does with all values chosen and scrapes every second. */
    const interpolate = (text: string) =>
      text.replace(/\$(job|instance|database|provider)\b/g, '.*').replaceAll('$__rate_interval', '4s')

    const hasData = async (expr: string) =>
      (await prometheus.query(interpolate(expr))).some(({ value: [, value] }) =>
        Number.isFinite(Number(value)),
      )

    // What follows from what was scraped has had its time when there are twenty scrapes more.
    const scrapes = async () => (await prometheus.value('count_over_time(up[1h])')) ?? 0
    const enough = (await scrapes()) + 20
    // Neither the listener nor the server of the demo speaks TLS.
    let missing = queries.filter(({ of }) => !of.endsWith(', Certificates'))
    await prometheus.until(async () => {
      const filled = await Promise.all(missing.map(({ expr }) => hasData(expr)))
      missing = missing.filter((_, i) => !filled[i])
      return missing.length === 0 || (await scrapes()) >= enough
    })
    t.same(missing, [])

    for (const { title, annotations } of dashboards) {
      for (const { name, expr } of annotations.list) {
        const found = await prometheus.query(interpolate(expr))
        if (name === 'Restarts') t.ok(found.length > 0, `${title}: ${expr}`)
      }
    }

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
    const rules = readFileSync(join(ROOT, 'deploy/prometheus/rules/recording.yml'), 'utf8')
    const shown = [...queries.map(({ expr }) => expr), rules]
    const metadata = await prometheus.get<Record<string, unknown>>('metadata')
    for (const family of Object.keys(metadata)) {
      if (!/^(business|collect(ion|or)|database|metrics_service|tls)_/.test(family)) continue
      t.ok(
        shown.some((text) => text.includes(family)),
        `${family} is on a dashboard`,
      )
    }
  },
)
