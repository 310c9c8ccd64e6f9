// Loads the modules of a folder of collectors. Imports src/ only.
import { existsSync, realpathSync } from 'node:fs'
import { createRequire, type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What collectors import. */
const PACKAGE = 'metrics-service'
/** The same by the path that it has from `collectors/` beside `src/`. */
const PATH = /^\.{1,2}\/(?:.*\/)?src\/collector\.[jt]s$/
const OWN = new URL(`../../src/collector${extname(import.meta.url)}`, import.meta.url).href

/** The versions of the modules of a folder. */
export interface Versions {
  /** The URL of the folder, with a slash at its end. */
  readonly folder: string
  /** By the URL of a file without its version, that with it. */
  readonly urls: ReadonlyMap<string, string>
  /** The version of each other file. */
  readonly others: string
}

/** By the URL of each folder. Modules are resolved by the process, not by who asks. */
const known = new Map<string, Versions>()
let hooked = false

/**
 * Makes the modules of a folder resolve by their paths in it, whatever they link to, and by their versions: a module
 * that is imported once is never read again, so that a file that changed needs another URL.
 */
export function useVersions(versions: Versions): void {
  known.set(versions.folder, versions)
  for (const url of versions.urls.keys()) delete createRequire(url).cache[fileURLToPath(url)]
  if (hooked) return
  hooked = true
  registerHooks({ resolve })
}

type Next = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput

function resolve(specifier: string, context: ResolveHookContext, next: Next): ResolveFnOutput {
  if (specifier === PACKAGE) return { url: OWN, shortCircuit: true }
  const { parentURL } = context
  const from = versionsOf(parentURL)
  if (context.conditions.includes('require')) return next(specifier, context)
  const url = urlOf(specifier, from === undefined ? undefined : parentURL)
  const versions = versionsOf(url?.href)
  if (url !== undefined && versions !== undefined && existsSync(url)) return versioned(url, versions)
  if (from === undefined || parentURL === undefined) return next(specifier, context)
  if (PATH.test(specifier) && url !== undefined && !existsSync(url)) return { url: OWN, shortCircuit: true }
  try {
    return next(specifier, context)
  } catch (error) {
    // What is beside the file that it links to.
    const real = pathToFileURL(realpathSync(fileURLToPath(parentURL))).href
    try {
      return next(specifier, { ...context, parentURL: real })
    } catch {
      throw error
    }
  }
}

function versionsOf(url: string | undefined): Versions | undefined {
  if (url === undefined) return undefined
  for (const [folder, versions] of known) if (url.startsWith(folder)) return versions
  return undefined
}

function urlOf(specifier: string, parent: string | undefined): URL | undefined {
  if (specifier.startsWith('file:')) return new URL(specifier)
  return parent !== undefined && /^\.{0,2}\//.test(specifier) ? new URL(specifier, parent) : undefined
}

function versioned(url: URL, { urls, others }: Versions): ResolveFnOutput {
  // What asks for a version gets it.
  if (url.search === '') {
    const own = urls.get(url.href)
    if (own === undefined) url.search = `v=${others}`
    else url.href = own
  }
  // Outside of a package Node.js would have to guess, and would warn.
  const format = /\.m?ts$/.test(url.pathname) ? 'module-typescript' : undefined
  return { url: url.href, ...(format === undefined ? {} : { format }), shortCircuit: true }
}
