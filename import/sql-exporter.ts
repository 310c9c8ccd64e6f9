import { globSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { Finding } from '../src/finding.ts'
import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt, type Question, type Reading } from './question.ts'
import { readFiles } from './read.ts'
import { databaseUrl, nameFor, type Source, sourceOf } from './source-name.ts'
import { readSqlCollector } from './sql-collector.ts'
import { stepsOf } from './steps.ts'

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
const TARGET_KEYS = ['name', 'data_source_name', 'aws_secret_name', 'collectors', 'enable_ping', 'labels']
const JOB_KEYS = ['job_name', 'collectors', 'static_configs', 'enable_ping']
const PROGRAM = 'sql_exporter'

/** A target, or the targets of a job: what asks for collectors. */
interface Asker {
  readonly patterns: readonly string[]
  /** The name of each target, and where it is. */
  readonly sources: ReadonlyMap<string, Source>
}

/** Whether a document is a configuration of sql_exporter. Values of Helm charts have a "global", too. */
export function isSqlExporter(document: Mapping): boolean {
  const isListed = ['collectors', 'collector_files', 'jobs'].some((key) => document.isList(key))
  return isListed || document.isText('collector_path') || document.isMapping('target')
}

export function isCollector(document: Mapping): boolean {
  return document.has('collector_name')
}

/** Reads files of collectors of sql_exporter that no configuration asks for. */
export function readCollectors(collectors: readonly Mapping[]): Reading {
  const losses: Loss[] = []
  const questions = collectors.flatMap((collector) => readOne(collector, undefined, losses))
  losses.push(...new Set(collectors.flatMap((collector) => collector.losses)))
  return { program: PROGRAM, questions, losses, steps: ['set DATABASE_URL'], differences: [] }
}

/** Reads a configuration of sql_exporter, with these collectors beside those that it names. */
export function readSqlExporter(document: Mapping, given: readonly Mapping[] = []): Reading {
  const losses: Loss[] = document.unknown('a configuration of sql_exporter', CONFIG_KEYS)
  const [global] = attempt(losses, 'key "global"', document.place('global'), () => [
    document.mapping('global'),
  ])
  const [interval] = attempt(losses, 'key "min_interval"', document.place('global'), () => [
    global?.duration('min_interval'),
  ])
  const askers = attempt(losses, 'its targets', document.place(), () => askersOf(document, losses))
  const sources = new Map(askers.flatMap(({ sources }) => [...sources]))
  const collectors = [
    ...document.mappings('collectors'),
    ...given,
    ...filesOf(document, given.length > 0, losses),
  ]
  const questions = collectors.flatMap((collector) => {
    const name = collector.text('collector_name') ?? ''
    const asking = askers.filter(({ patterns }) => patterns.some((pattern) => matches(pattern, name)))
    if (askers.length > 0 && asking.length === 0) {
      const problem = 'no target or job asks for it'
      const advice = 'list it in "collectors" of one'
      losses.push({ place: collector.place(), what: `collector "${name}"`, problem, advice })
      return []
    }
    const own = new Map(asking.flatMap(({ sources }) => [...sources]))
    const databases = own.size < sources.size ? [...own.keys()] : undefined
    return readOne(collector, interval, losses).map((question) => ({
      ...question,
      databases,
      notes: [...foreignNotes(own), ...question.notes],
    }))
  })
  losses.push(...document.losses, ...collectors.flatMap((collector) => collector.losses))
  return {
    program: PROGRAM,
    questions,
    // Collectors of one file have what is wrong with it in common.
    losses: [...new Set(losses)],
    steps: [
      `set ${databaseUrl(sources)}, with the passwords, which were not copied`,
      ...(sources.size > 1 ? ['the label database has the name of the target'] : []),
      ...stepsOf(global),
    ],
    differences: differencesOf(document),
  }
}

function readOne(collector: Mapping, interval: number | undefined, losses: Loss[]): readonly Question[] {
  const what = `collector "${collector.text('collector_name') ?? ''}"`
  return attempt(losses, what, collector.place(), () => {
    const { questions, losses: own } = readSqlCollector(collector, interval)
    losses.push(...own)
    return questions
  })
}

function foreignNotes(sources: ReadonlyMap<string, Source>): Finding[] {
  const engines = [...sources.values()].map(({ foreign }) => foreign)
  const [foreign] = engines
  if (foreign === undefined || engines.includes(undefined)) return []
  const advice = 'rewrite what PostgreSQL does not know'
  return [{ problem: `Its target is "${foreign}", and this asks PostgreSQL`, advice }]
}

/** The labels of its jobs, which are those of a scrape configuration. */
function differencesOf(document: Mapping): string[] {
  const configs = document.mappings('jobs').flatMap((job) => job.mappings('static_configs'))
  if (configs.length === 0) return []
  const labels = new Set(configs.flatMap((config) => config.mapping('labels')?.keys ?? []))
  const names = ['job', 'target', ...labels].join(', ')
  return [`the labels ${names} of its jobs are not on the samples: let the scrape configuration add them`]
}

function askersOf(document: Mapping, losses: Loss[]): Asker[] {
  const jobs = document.mappings('jobs').map((job) => {
    losses.push(...job.unknown('a job', JOB_KEYS))
    const targets = job.mappings('static_configs').flatMap((config) => config.mapping('targets') ?? [])
    const sources = targets.flatMap((names) =>
      names.keys.map((key): [string, Source] => [nameFor(key), sourceOf(names.text(key))]),
    )
    return { patterns: job.texts('collectors'), sources: new Map(sources) }
  })
  const target = document.mapping('target')
  if (target === undefined) return jobs
  losses.push(...target.unknown('"target"', TARGET_KEYS))
  const source = sourceOf(target.text('data_source_name'))
  const name = nameFor(target.text('name') ?? 'target')
  return [...jobs, { patterns: target.texts('collectors'), sources: new Map([[name, source]]) }]
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

/**
 * Reads the files of collectors, each once; globs and folders are relative to the file that names them. They may be missing
 * when collectors are given beside the configuration.
 */
function filesOf(document: Mapping, areGiven: boolean, losses: Loss[]): Mapping[] {
  const { file } = document
  const patterns = document.texts('collector_files').map((glob) => ({ glob, key: 'collector_files' }))
  const path = document.text('collector_path')
  if (path !== undefined) patterns.unshift({ glob: path, key: 'collector_path' })
  const files = patterns.flatMap(({ glob, key }) => {
    const found = globSync(isAbsolute(glob) ? glob : join(dirname(file), glob)).toSorted()
    if (found.length === 0) {
      const problem = `no file is "${glob}"`
      losses.push({
        place: document.place(key),
        what: key,
        problem,
        advice: 'name its files too, beside this one',
        harmless: areGiven,
      })
    }
    return found.flatMap((path) =>
      statSync(path).isDirectory() ? globSync(join(path, '**/*.{yml,yaml}')).toSorted() : [path],
    )
  })
  const own = [...new Set(files)].filter((path) => join(path) !== join(file))
  return readFiles(own, losses)
}
