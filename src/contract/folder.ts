import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyPluginAsync } from 'fastify'
import { Mistake } from '../finding.ts'
import { putPlace } from '../place.ts'
import type { Collector } from './collector.ts'
import { sourceError } from './source-error.ts'

const SCRIPT = /(?<!\.d)\.[cm]?[jt]s$/

/** One file of a folder of collectors. */
export interface CollectorFile {
  /** Its path, relative to the working directory if it is below that. */
  readonly path: string
  /** Its default export: the plugin that defineCollector made, or a plain one. */
  readonly plugin: FastifyPluginAsync
  /** The collector of a plugin that defineCollector made. */
  readonly collector: Collector | undefined
}

/**
 * Loads the collector files of a folder, in the order of their names. Rejects with an Error that names the file or
 * files if one cannot be loaded or exports no plugin, or if two have the same name or metric.
 */
export async function loadFolder(folder: string): Promise<readonly CollectorFile[]> {
  const names = (await readdir(folder)).filter((file) => SCRIPT.test(file)).sort()
  const owners = new Map<string, string>()
  const files: CollectorFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    const plugin = await load(path)
    const { collector } = plugin
    for (const claim of claimsOf(plugin)) {
      const owner = owners.get(claim)
      if (owner !== undefined) throw new Error(`${owner} and ${path} both have the ${claim}`)
      owners.set(claim, path)
    }
    files.push({ path: shown(path), plugin, collector })
  }
  return files
}

/** A default export, with what fastify-plugin and defineCollector put on it. */
type Plugin = FastifyPluginAsync & {
  readonly [META]?: { readonly name?: string }
  readonly collector?: Collector
}

/** Where fastify-plugin puts a plugin's name. */
const META = Symbol.for('plugin-meta')

async function load(path: string): Promise<Plugin> {
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    const { problem, advice, place } = sourceError(
      error,
      shown(path),
      await readFile(path, 'utf8').catch(() => ''),
    )
    const mistake = new Mistake(`${path} cannot be loaded: ${problem}`, advice, { cause: error })
    putPlace(mistake, place)
    throw mistake
  }
  if (!isPlugin(module.default)) {
    throw new Mistake(
      `${path} has no default export that is a plugin`,
      'write: export default defineCollector({ … })',
    )
  }
  return module.default
}

function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'function'
}

/** What no two files may have. */
function claimsOf(plugin: Plugin): string[] {
  const name = plugin[META]?.name
  const metrics = plugin.collector?.metrics ?? []
  return [
    ...(name === undefined ? [] : [`name "${name}"`]),
    ...metrics.map((metric) => `metric "${metric.name}"`),
  ]
}

function shown(path: string): string {
  const short = relative('', path)
  return short.startsWith('..') ? path : short
}
