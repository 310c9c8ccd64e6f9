import { globSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { adviceOf } from './advice.ts'
import type { Loss } from './loss.ts'
import type { Question, Reading } from './question.ts'
import { readSqlCollector } from './sql-collector.ts'
import { type Mapping, readDocument } from './yaml.ts'

const CONFIG_KEYS = [
  'global',
  'target',
  'jobs',
  'collectors',
  'collector_files',
  'collector_path',
  'collector_path_recursive',
  'collector_path_pattern',
]
const GLOBAL_KEYS = [
  'min_interval',
  'scrape_timeout',
  'scrape_timeout_offset',
  'scrape_error_drop_interval',
  'max_connection_lifetime',
  'max_connections',
  'max_idle_connections',
  'warmup_delay',
]
const TARGET_KEYS = ['name', 'data_source_name', 'aws_secret_name', 'collectors', 'enable_ping']
const JOB_KEYS = ['job_name', 'collectors', 'static_configs', 'enable_ping']

/** Schemes of data source names that lead to PostgreSQL, or to a store that keeps the name itself. */
const POSTGRES =
  /^(postgres|postgresql|pgsql|pg|pgx|px|awssecretsmanager|gcpsecretmanager|hashivault|k8ssecret)$/

/** The scheme of a data source name, if it has one. The rest of it is a secret. */
function schemeOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  return /^([a-z][a-z0-9]*)(\+[a-z0-9]+)*:\/\//i.exec(name)?.[1]?.toLowerCase()
}

/** A target, or the targets of a job: what asks for collectors. */
interface Asker {
  readonly patterns: readonly string[]
  readonly schemes: readonly (string | undefined)[]
}

export function isSqlExporter(document: Mapping): boolean {
  return isCollector(document) || document.keys.some((key) => CONFIG_KEYS.includes(key))
}

function isCollector(document: Mapping): boolean {
  return document.has('collector_name')
}

/** Reads a configuration of sql_exporter, or a file of one of its collectors. */
export function readSqlExporter(file: string, document: Mapping): Reading {
  const program = 'sql_exporter'
  if (isCollector(document)) {
    return { program, questions: readSqlCollector(document, undefined), losses: [], advice: [] }
  }
  document.expect('a configuration of sql_exporter', CONFIG_KEYS)
  const global = document.mapping('global')
  global?.expect('"global"', GLOBAL_KEYS)
  const interval = global?.duration('min_interval')
  const askers = askersOf(document)
  const losses: Loss[] = []
  const questions: Question[] = []
  for (const collector of [
    ...document.mappings('collectors'),
    ...filesOf(file, document).map(readDocument),
  ]) {
    const name = collector.required('collector_name', 'a collector')
    const asking = askers.filter(({ patterns }) => patterns.some((pattern) => matches(pattern, name)))
    if (askers.length > 0 && asking.length === 0) {
      losses.push({
        place: collector.place(),
        what: `collector "${name}"`,
        problem: 'no target or job asks for it',
        advice: 'list it in "collectors" of one',
      })
      continue
    }
    const schemes = asking.flatMap(({ schemes }) => schemes)
    const foreign = schemes.find((scheme) => scheme !== undefined && !POSTGRES.test(scheme))
    const notes =
      foreign !== undefined && !schemes.some((scheme) => scheme === undefined || POSTGRES.test(scheme))
        ? [
            {
              problem: `Its target is "${foreign}", and this asks PostgreSQL`,
              advice: 'rewrite what PostgreSQL does not know',
            },
          ]
        : []
    for (const question of readSqlCollector(collector, interval)) {
      questions.push({ ...question, notes: [...notes, ...question.notes] })
    }
  }
  return { program, questions, losses, advice: adviceOf(document) }
}

function askersOf(document: Mapping): Asker[] {
  const target = document.mapping('target')
  target?.expect('"target"', TARGET_KEYS)
  const jobs = document.mappings('jobs').map((job) => {
    job.expect('a job', JOB_KEYS)
    const targets = job.mappings('static_configs').flatMap((config) => config.mapping('targets') ?? [])
    return {
      patterns: job.texts('collectors'),
      schemes: targets.flatMap((names) => names.keys.map((key) => schemeOf(names.text(key)))),
    }
  })
  if (target === undefined) return jobs
  return [
    ...jobs,
    { patterns: target.texts('collectors'), schemes: [schemeOf(target.text('data_source_name'))] },
  ]
}

/** Matches as Go's path.Match does, without the classes of characters. */
function matches(pattern: string, name: string): boolean {
  // The lengths of the beginnings of `name` that the pattern so far matches.
  let ends = new Set([0])
  for (const character of pattern) {
    const least = Math.min(...ends)
    if (character === '*')
      ends = new Set(Array.from({ length: name.length - least + 1 }, (_, i) => least + i))
    else {
      const next = [...ends].filter(
        (end) => end < name.length && (character === '?' || name[end] === character),
      )
      ends = new Set(next.map((end) => end + 1))
    }
    if (ends.size === 0) return false
  }
  return ends.has(name.length)
}

/** Finds the files of collectors, each once; globs and folders are relative to the file that names them. */
function filesOf(file: string, document: Mapping): string[] {
  const patterns = document.texts('collector_files').map((glob) => ({ glob, key: 'collector_files' }))
  const path = document.text('collector_path')
  if (path !== undefined) patterns.unshift({ glob: path, key: 'collector_path' })
  const files = patterns.flatMap(({ glob, key }) => {
    const found = globSync(isAbsolute(glob) ? glob : join(dirname(file), glob)).toSorted()
    if (found.length === 0) document.fail(`"${key}": no file is "${glob}"`, key, 'correct it, or take it out')
    return found.flatMap((path) =>
      statSync(path).isDirectory() ? globSync(join(path, '**/*.{yml,yaml}')).toSorted() : [path],
    )
  })
  return [...new Set(files)].filter((path) => join(path) !== join(file))
}
