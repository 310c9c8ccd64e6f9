import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findingOf, Mistake } from '../finding.ts'
import type { Collector } from './collector.ts'

const SCRIPT = /(?<!\.d)\.[cm]?[jt]s$/

/**
 * The names of the collector files of a folder, each with that of its collector; a plain plugin has none. Throws an
 * Error that names the file or files when one cannot be loaded or exports no plugin, or when two have one name: the
 * loader would leave it out without a word.
 */
export async function checkFolder(folder: string): Promise<ReadonlyMap<string, string | undefined>> {
  const files = (await readdir(folder)).filter((file) => SCRIPT.test(file)).sort()
  const owners = new Map<string, string>()
  const collectors = new Map<string, string | undefined>()
  for (const file of files) {
    const plugin = await load(join(folder, file))
    for (const claim of claimsOf(plugin)) {
      const owner = owners.get(claim)
      if (owner !== undefined)
        throw new Error(`${join(folder, owner)} and ${join(folder, file)} both have the ${claim}`)
      owners.set(claim, file)
    }
    collectors.set(file, collectorOf(plugin)?.name)
  }
  return collectors
}

async function load(path: string): Promise<object> {
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    const { problem, advice } = findingOf(error)
    throw new Mistake(`${path} cannot be loaded: ${problem}`, advice, { cause: error })
  }
  if (typeof module.default !== 'function') {
    throw new Mistake(
      `${path} has no default export that is a plugin`,
      'write: export default defineCollector({ … })',
    )
  }
  return module.default
}

/** What no two files may have. */
function claimsOf(plugin: object): string[] {
  const { name } = (plugin as { [meta]?: { name?: string } })[meta] ?? {}
  const metrics = collectorOf(plugin)?.metrics ?? []
  return [
    ...(name === undefined ? [] : [`name "${name}"`]),
    ...metrics.map((metric) => `metric "${metric.name}"`),
  ]
}

/** The collector of a plugin that defineCollector made. */
function collectorOf(plugin: object): Collector | undefined {
  return (plugin as { collector?: Collector }).collector
}

/** Where fastify-plugin puts a plugin's name. */
const meta = Symbol.for('plugin-meta')
