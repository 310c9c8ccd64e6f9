import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mistake } from '../finding.ts'

/** The file that the collectors of the repository import. A package has none: there, its name does. */
const CONTRACT = fileURLToPath(new URL('../collector.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The path of a collector's file. Throws a Mistake when there is one. */
export function placeOf(folder: string, name: string): string {
  const path = join(folder, `${name}.ts`)
  if (existsSync(path)) throw new Mistake(`${path} is there already`, 'give another name, or move it')
  return path
}

/** What a collector in a folder imports the contract from. */
export function contractFor(folder: string): string {
  const inside = !relative(ROOT, resolve(folder)).startsWith('..')
  if (!inside || !existsSync(CONTRACT)) return 'metrics-service'
  return relative(resolve(folder), CONTRACT).split(sep).join('/')
}

/** Writes a new file. Throws when there is one meanwhile. */
export function writeNew(path: string, text: string): void {
  mkdirSync(resolve(path, '..'), { recursive: true })
  writeFileSync(path, text, { flag: 'wx' })
}
