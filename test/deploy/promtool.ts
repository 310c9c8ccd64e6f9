import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

/** Where the configuration, the rules and their cases are. */
export const FOLDER = join(ROOT, 'deploy/prometheus')

/** How promtool ended that was asked about these files, and what it said. */
export function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

/** The files of one of its folders. */
export function files(folder: 'rules' | 'tests'): string[] {
  return readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name}`)
}
