import { spawnSync } from 'node:child_process'

/**
 * Why a test that needs a program of a Debian package is skipped; false when the program is there. In CI it has to be,
 * so the test runs and fails.
 */
export function lacks(program: string, debianPackage: string): string | false {
  if (process.env.CI === 'true' || spawnSync(program, ['--version']).error === undefined) return false
  return `${program} is missing: install the Debian package ${debianPackage}`
}
