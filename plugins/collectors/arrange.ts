// Which collectors of a folder run. Imports src/ only.
import { basename, extname } from 'node:path'
import type { Config } from '../../src/config/read.ts'
import type { Collector } from '../../src/contract/collector.ts'
import { failingCollector } from '../../src/contract/failing.ts'
import { describeError } from '../../src/finding.ts'
import type { Placed } from '../../src/round/collectors.ts'
import { Fit } from './fit.ts'
import type { CollectorFile } from './folder.ts'

/** A file whose collector does not run as the file says. */
export interface Problem {
  readonly file: string
  /** The collector that fails in its place, or an earlier version that goes on; undefined when it was not asked for. */
  readonly collector: string | undefined
  readonly error: Error
  readonly outcome: 'fails' | 'goes on' | 'is not asked for'
}

/** What runs, and what does not as it should. */
export interface Arrangement {
  readonly fit: Fit
  /** In the order of their paths. */
  readonly placed: readonly (Placed & { readonly file: string })[]
  readonly problems: readonly Problem[]
  /** The names of all collectors, whether or not COLLECTORS has them. */
  readonly names: ReadonlySet<string>
}

/**
 * Decides which collectors of a folder run. A file that cannot be loaded, or whose collector does not fit beside the
 * others, gets a collector that fails; but if it had a collector `before`, that goes on.
 */
export function arrange(
  files: readonly CollectorFile[],
  before: readonly Placed[],
  added: readonly Collector[],
  config: Config,
): Arrangement {
  const fit = new Fit(config)
  for (const collector of added) fit.add(collector)
  const last = new Map(before.map(({ collector, file }) => [file, collector]))
  const names = new Set(files.flatMap(({ collector }) => collector?.name ?? []))
  const asked = askedFor(config.COLLECTORS, new Set([...names, ...added.map(({ name }) => name)]))
  const placed = new Map<string, Collector>()
  const problems: Problem[] = []
  const failing: { readonly file: CollectorFile; readonly error: Error }[] = []
  // What runs already comes first: in a clash it is what is new that is wrong.
  const runs = ({ path, collector }: CollectorFile) => collector !== undefined && last.get(path) === collector
  for (const file of [...files.filter(runs), ...files.filter((file) => !runs(file))]) {
    const { path, collector, problem } = file
    if (problem === undefined && (collector === undefined || !asked(collector.name))) continue
    const error = problem ?? tryToAdd(fit, collector)
    if (error === undefined) {
      if (collector !== undefined) placed.set(path, collector)
    } else if (asked(file.name, problem)) {
      failing.push({ file, error })
    } else {
      problems.push({ file: path, collector: undefined, error, outcome: 'is not asked for' })
    }
  }
  for (const { file, error } of failing) {
    const known = last.get(file.path)
    const goesOn = known?.fault === undefined && known !== undefined && tryToAdd(fit, known) === undefined
    const collector = goesOn ? known : failingCollector(freeName(file, fit), error)
    if (!goesOn) fit.add(collector)
    placed.set(file.path, collector)
    const outcome = goesOn ? 'goes on' : 'fails'
    problems.push({ file: file.path, collector: collector.name, error, outcome })
  }
  return {
    fit,
    placed: files.flatMap(({ path }) => {
      const collector = placed.get(path)
      return collector === undefined ? [] : { collector, file: path }
    }),
    problems,
    names,
  }
}

/** Whether COLLECTORS asks for a name. What it asks for and is not there may be in a file that cannot be loaded. */
function askedFor(asked: readonly string[], known: ReadonlySet<string>) {
  const lost = asked.some((name) => !known.has(name))
  return (name: string, problem?: Error) =>
    asked.length === 0 || asked.includes(name) || (problem !== undefined && lost)
}

function tryToAdd(fit: Fit, collector: Collector | undefined): Error | undefined {
  try {
    if (collector !== undefined) fit.add(collector)
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(describeError(error))
  }
}

/** The name of the collector that fails in place of a file's own: no other has it. */
function freeName({ name, path }: CollectorFile, fit: Fit): string {
  const stem = basename(path, extname(path))
  const names = [name, stem, path].map((text) =>
    text.replaceAll(/[^a-zA-Z0-9_-]+/g, '-').replaceAll(/^-|-$/g, ''),
  )
  for (let i = 2; ; i++) {
    const free = names.find((text) => text !== '' && !fit.has(text))
    if (free !== undefined) return free
    names.push(`${name}-${i}`)
  }
}
