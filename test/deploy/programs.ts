import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

type Program = 'helm' | 'kubectl'

/** Where the program is: in the version that the gate has installed, or else on the PATH. */
export function pathOf(program: Program): string {
  const own = join(ROOT, '.ci/kubernetes/node_modules/.programs', program, program)
  return existsSync(own) ? own : program
}

/** Why a test that needs the program is skipped; false when it is there, or has to be, because this is the gate. */
export function lacksProgram(program: Program): string | false {
  if (process.env.CI === 'true' || spawnSync(pathOf(program), ['version']).error === undefined) return false
  return `${program} is missing: run .ci/kubernetes/install, or put one on the PATH`
}

/** What the program writes to its output. Throws an error with what it says of its own when it fails. */
export function runProgram(program: Program, ...args: string[]): string {
  return execFileSync(pathOf(program), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
