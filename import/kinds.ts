import { Mistake } from '../src/finding.ts'
import { isJustwatch, readJustwatch } from './justwatch.ts'
import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { isQueries, readQueries } from './queries.ts'
import { isQueryExporter, readQueryExporter } from './query-exporter.ts'
import type { Reading } from './question.ts'
import { isCollector, isSqlExporter, readCollectors, readSqlExporter } from './sql-exporter.ts'
import { isManifest, type Unwrapped, unwrap } from './unwrap.ts'
import { TEMPLATE } from './yaml.ts'

/** What a document was taken for. */
export interface Taken {
  readonly file: string
  readonly program: string
}

/** What all documents say. */
export interface ReadAll {
  readonly readings: readonly Reading[]
  readonly taken: readonly Taken[]
  readonly losses: readonly Loss[]
}

/** Other programs that ask databases, by a key of their files, and what to do with these. */
const OTHERS: readonly (readonly [key: string, what: string, advice: string])[] = [
  [
    'presets',
    "metrics of pgwatch, which are of the server's own statistics",
    'keep pgwatch for them, and make collectors of business queries: npm run new',
  ],
  [
    'receivers',
    'a configuration of an OpenTelemetry collector',
    'make a collector of each query: npm run new',
  ],
  ['datasources', 'a configuration of Grafana', 'make a collector of each query: npm run new'],
]

/** Reads all documents. Those that are of no known kind are losses, unless there is nothing else: then this throws a Mistake. */
export function readKinds(documents: readonly Mapping[]): ReadAll {
  const losses: Loss[] = []
  const parts = documents.flatMap((document) =>
    isKnown(document) ? [{ document, isCloudNative: false }] : unwrap(document, losses),
  )
  const collectors = parts.filter(({ document }) => isCollector(document)).map(({ document }) => document)
  const configs = parts.filter(({ document }) => !isCollector(document) && isSqlExporter(document))
  const readings: Reading[] = []
  const taken: Taken[] = []
  for (const part of parts) {
    const { document } = part
    const reading = isCollector(document)
      ? // Its configuration says which of them are asked for.
        configs.length === 0 && document === collectors[0] && readCollectors(collectors)
      : readOne(part, collectors)
    if (reading === undefined)
      losses.push({ place: document.place(), what: 'the document', ...unknown(document) })
    else if (reading) readings.push(reading)
    if (reading) taken.push({ file: document.file, program: reading.program })
  }
  const [loss] = losses
  if (readings.length === 0) {
    if (loss !== undefined) throw new Mistake(`${loss.place}: ${loss.problem}`, loss.advice)
    throw new Mistake(`${documents[0]?.file}: the manifest has no file that an exporter reads`)
  }
  return { readings, taken, losses }
}

function isKnown(document: Mapping): boolean {
  return (
    !isManifest(document) &&
    [isQueries, isJustwatch, isQueryExporter, isCollector, isSqlExporter].some((is) => is(document))
  )
}

function readOne(
  { document, isCloudNative }: Unwrapped,
  collectors: readonly Mapping[],
): Reading | undefined {
  // Asked first, because a namespace may be named as a key of another exporter, such as "jobs".
  if (isQueries(document)) return readQueries(document, isCloudNative)
  if (isJustwatch(document)) return readJustwatch(document)
  if (isQueryExporter(document)) return readQueryExporter(document)
  return isSqlExporter(document) ? readSqlExporter(document, collectors) : undefined
}

function unknown(document: Mapping): Pick<Loss, 'problem' | 'advice'> {
  const other = OTHERS.find(([key]) => document.has(key))
  if (other !== undefined) return { problem: `these are ${other[1]}`, advice: other[2] }
  if (document.isTemplate) return TEMPLATE
  return {
    problem:
      'this is neither a configuration of sql_exporter (it has no "collectors", "collector_files" or "collector_name"), nor the queries of ' +
      'postgres_exporter (no key of it has a "query"), nor a file of query-exporter',
  }
}
