import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Project {
  readonly dir: string
  /** Where collectors are written to: empty until something is imported. */
  readonly collectors: string
  /** What `npm run import -- …` runs. */
  import(...args: string[]): Run
  /** A program of the project's own, in the project's folder. */
  run(program: string, ...args: string[]): Run
}

/** A copy of the project without collectors, with these files in it, that a test may write to. */
export function createProject(t: Test, files: Parameters<Test['testdir']>[0] = {}): Project {
  const dir = t.testdir(files)
  for (const path of ['import', 'src', 'plugins', 'package.json', 'tsconfig.json', 'biome.json']) {
    cpSync(join(ROOT, path), join(dir, path), { recursive: true })
  }
  const spawn = (command: string, args: readonly string[]) =>
    spawnSync('env', ['-u', 'NODE_OPTIONS', command, ...args], { cwd: dir, encoding: 'utf8' })
  return {
    dir,
    collectors: join(dir, 'collectors'),
    import: (...args) => spawn(process.execPath, ['import/import.ts', ...args]),
    run: (program, ...args) => spawn(join(ROOT, 'node_modules/.bin', program), args),
  }
}

/** A file that stands beside this one. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
