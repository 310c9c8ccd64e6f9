// What is said of a reload. Imports src/ and its own folder only.
import { findingOf, renderFinding } from '../../src/finding.ts'
import type { Log } from '../../src/log.ts'
import type { Placed } from '../../src/round/collectors.ts'
import type { Reload } from '../../src/round/reload.ts'
import type { Problem } from './arrange.ts'

/** Says that a file is wrong, and what becomes of its collector. */
export function report({ file, collector, error, outcome }: Problem, log: Log): void {
  const said = renderFinding(findingOf(error))
  if (outcome === 'fails') log.error({ event: 'failed', collector, file }, `collector cannot run: ${said}`)
  else if (outcome === 'goes on') {
    log.error(
      { event: 'reload', collector, file },
      `collector not reloaded, and its last version goes on: ${said}`,
    )
  } else
    log.warn({ event: 'configuration', file }, `file left out, because COLLECTORS does not have it: ${said}`)
}

/** Compares what runs with what did before, by the names of collectors. */
export function compare(
  before: readonly Placed[],
  after: readonly Placed[],
): Pick<Reload, 'begun' | 'changed' | 'gone'> {
  const was = new Map(before.map(({ collector }) => [collector.name, collector]))
  const is = new Map(after.map(({ collector }) => [collector.name, collector]))
  const names = [...is.keys()]
  return {
    begun: names.filter((name) => !was.has(name)),
    changed: names.filter((name) => was.has(name) && was.get(name) !== is.get(name)),
    gone: [...was.keys()].filter((name) => !is.has(name)),
  }
}
