import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { manifest, packageFolder } from '../src/config/package.ts'

/** The package as npm packs it, in a file that is put into the new folder. */
export interface Archive {
  readonly name: string
  /** Where it is; undefined when it is yet to be packed, from the repository of the service. */
  readonly source: string | undefined
}

/** How a new folder gets this package: from the registry of npm, or as an archive, which needs no registry. */
export interface Service {
  /** What its package.json says: a range of versions, or `file:` and the archive. */
  readonly reference: string
  readonly archive?: Archive
}

/** Says how a new folder gets the package that this code belongs to. */
export function serviceOf(): Service {
  const { name, version } = manifest
  if (existsSync(join(packageFolder, 'tsconfig.build.json'))) return asArchive(`${name}-${version}.tgz`)
  const source = installedFrom()
  return source === undefined ? { reference: `^${version}` } : asArchive(basename(source), source)
}

function asArchive(name: string, source?: string): Service {
  return { reference: `file:${name}`, archive: { name, source } }
}

/** The archive that npm has installed this package from, as it has noted, if that is on this machine. */
function installedFrom(): string | undefined {
  const modules = dirname(packageFolder)
  let noted: { packages?: Record<string, { resolved?: string }> }
  try {
    noted = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  } catch {
    return undefined
  }
  const { resolved = '' } = noted.packages?.[`node_modules/${basename(packageFolder)}`] ?? {}
  if (!resolved.startsWith('file:')) return undefined
  const path = resolve(dirname(modules), decodeURI(resolved.slice('file:'.length)))
  return path.endsWith('.tgz') && existsSync(path) ? path : undefined
}

/** Packs the repository of the service into an archive in a folder. Throws with what npm says when it cannot. */
export function pack(folder: string): void {
  const args = ['pack', '--silent', '--pack-destination', folder]
  const { status, stderr, error } = spawnSync('npm', args, { cwd: packageFolder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm pack fails: ${stderr.trim()}`, { cause: error })
}
