import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { createDatabase } from '../database.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'
import { ROOT } from '../root.ts'
import { startPostgresExporter, startSqlExporter } from './peers.ts'

const FOLDER = new URL('files/', import.meta.url)

/** The series that one of both has alone, or with another value, and why. */
const EXPLAINED: readonly (readonly [who: 'peer' | 'ours', series: RegExp, why: string])[] = [
  ['peer', / NaN$/, 'NULL is NaN for postgres_exporter, and no sample here'],
  [
    'ours',
    /^shop_mapped_(state|took_milliseconds)\{/,
    'it documents MAPPEDMETRIC and DURATION, and shows neither',
  ],
  ['peer', /"load":"2\.5e\+06"/, 'Go writes a float8 that is a label with an exponent from a million on'],
  ['ours', /"load":"2500000"/, 'PostgreSQL writes it so'],
  ['peer', /^lag_seconds_bucket\{"le":"\d+"\}/, 'the text format writes a bound as 2'],
  [
    'ours',
    /^lag_seconds_bucket\{"le":"\d+\.0"\}/,
    'OpenMetrics writes it as 2.0, as Prometheus 3 does for both',
  ],
]

/** What the exporters, Prometheus and the service say of themselves. */
const OWN =
  /^(go|process|promhttp|pg_exporter|pg_up|pg_static|postgres_exporter|sql_exporter|scrape|up|nodejs|collect(ion|or|ors)|database|http|fastify|metrics_service|target)(_|$)/

t.test(
  'the exporters and the service show the same names, labels and values to Prometheus, for the same files',
  {
    skip:
      lacks('prometheus', 'prometheus') ||
      lacks('prometheus-postgres-exporter', 'prometheus-postgres-exporter') ||
      lacks('prometheus-sql-exporter', 'prometheus-sql-exporter'),
  },
  async (t) => {
    const { url, sql } = await createDatabase(t, { schema: false })
    await sql.unsafe(readFileSync(new URL('shop.sql', FOLDER), 'utf8'))
    const plain = `${url}?sslmode=disable`
    const dir = t.testdir({})
    const write = (name: string, text: string) => {
      const path = join(dir, name)
      writeFileSync(path, text)
      return path
    }
    const read = (kind: string) =>
      readdirSync(new URL(kind, FOLDER)).map((name) => ({
        name,
        text: readFileSync(new URL(`${kind}/${name}`, FOLDER), 'utf8').replaceAll('$URL', plain),
      }))
    const queries = read('postgres')
    const configs = read('justwatch')
    t.ok(queries.length + configs.length >= 30)

    const files = [...queries, ...configs].map(({ name, text }) => write(name, text))
    const out = join(dir, 'imported')
    const imported = spawnSync(
      'env',
      [
        '-u',
        'NODE_OPTIONS',
        `DATABASE_URL=${url}`,
        process.execPath,
        'src/cli.ts',
        'import',
        '--out',
        out,
        '--allow-loss',
        ...files,
      ],
      { cwd: ROOT, encoding: 'utf8' },
    )
    t.equal(imported.status, 0, imported.stderr)

    const joined = configs.map(({ text }) => parse(text))
    const [service, postgresExporter, sqlExporter] = await Promise.all([
      spawnService(t, { DATABASE_URL: url, COLLECTORS_FOLDER: out }),
      startPostgresExporter(
        t,
        plain,
        write('joined.yaml', queries.map(({ text }) => inner(text)).join('\n')),
      ),
      startSqlExporter(
        t,
        write(
          'joined.yml',
          stringify({
            jobs: joined.flatMap(({ jobs }) => jobs),
            queries: Object.assign({}, ...joined.map(({ queries }) => queries)),
          }),
        ),
      ),
    ])
    await service.said('metrics on')
    const target = new URL(service.url).host
    const prometheus = await watchWithPrometheus(t, {
      'prometheus.yml': stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'ours', static_configs: [{ targets: [target] }] },
          { job_name: 'peer', static_configs: [{ targets: [postgresExporter, sqlExporter] }] },
        ],
      }),
    })
    const last =
      'sql_second{job="peer",kind="b"} and on () pg_up == 1 and on () many_size{job="ours",relname="table_300"}'
    await prometheus.until(async () => (await prometheus.query(last)).length > 0)
    const peer = await seriesOf(prometheus, 'peer')
    const ours = await seriesOf(prometheus, 'ours')
    const differences = [
      ...[...peer]
        .filter(([name, value]) => ours.get(name) !== value)
        .map(([name, value]) => ['peer', `${name} ${value}`] as const),
      ...[...ours]
        .filter(([name, value]) => peer.get(name) !== value)
        .map(([name, value]) => ['ours', `${name} ${value}`] as const),
    ]
    t.ok(peer.size > 600, `${peer.size} series are compared`)
    t.same(
      differences.filter(
        ([who, series]) => !EXPLAINED.some(([of, pattern]) => of === who && pattern.test(series)),
      ),
      [],
    )
    for (const [who, pattern, why] of EXPLAINED) {
      t.ok(
        differences.some(([of, series]) => of === who && pattern.test(series)),
        why,
      )
    }
  },
)

/** The queries in a manifest of Kubernetes or in the values of a chart. */
function inner(text: string): string {
  if (!/^(kind|prometheus-postgres-exporter):/m.test(text)) return text
  const document = parse(text)
  return document.data?.['queries.yaml'] ?? document['prometheus-postgres-exporter'].config.queries
}

/** The series of a job: name and labels, without what Prometheus and the exporters add, and the value. */
async function seriesOf(prometheus: PrometheusClient, job: string): Promise<Map<string, string>> {
  const series = await prometheus.query(`{job="${job}"}`)
  return new Map(
    series.flatMap(({ metric, value: [, value] }): [string, string][] => {
      const { __name__: name = '', job: _, instance: __, server: ___, ...labels } = metric
      if (OWN.test(name)) return []
      const pairs = Object.entries(labels).filter(([, text]) => text !== '')
      return [[`${name}${JSON.stringify(Object.fromEntries(pairs.sort()))}`, value]]
    }),
  )
}
