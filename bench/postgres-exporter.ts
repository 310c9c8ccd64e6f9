import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../demo/port.ts'
import { type Exporter, runExporter } from './exporter.ts'
import { QUERY } from './series.ts'

/**
 * Starts prometheus-postgres-exporter with one query that makes a number of series, and nothing of its own; undefined where it
 * is not installed. https://github.com/prometheus-community/postgres_exporter
 */
export async function startPostgresExporter(url: string, series: number): Promise<Exporter | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-exporter-'))
  const file = join(folder, 'queries.yaml')
  await writeFile(file, QUERIES)
  const port = await freePort()
  return runExporter({
    name: 'prometheus-postgres-exporter',
    args: argumentsOf(file, port),
    env: { DATA_SOURCE_NAME: `${url}?sslmode=disable` },
    ...{ port, folder, metric: 'business_customer_value', series },
  })
}

/** Its arguments, with which it serves custom queries and nothing of its own. */
export function argumentsOf(queries: string, port: number): string[] {
  return [
    '--disable-default-metrics',
    '--disable-settings-metrics',
    '--no-collector.database',
    '--no-collector.bgwriter',
    `--extend.query-path=${queries}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
}

/** It asks at each scrape. */
const QUERIES = `
business_customer:
  query: ${QUERY}
  metrics:
    - customer: { usage: LABEL, description: The customer. }
    - plan: { usage: LABEL, description: Its plan. }
    - value: { usage: GAUGE, description: What a customer is worth. }
`
