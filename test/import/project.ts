import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { run } from '../../src/cli/commands.ts'
import { TestIo } from '../io.ts'
import { ROOT } from '../root.ts'

type Files = Extract<NonNullable<Parameters<Test['testdir']>[0]>, Readonly<Record<string, unknown>>>

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that a test may write to, and where it may import. */
export interface Folder {
  readonly dir: string
  /** Where collectors are written to: empty until something is imported. */
  readonly collectors: string
  /** What `npm run import -- …` runs. */
  import(...args: string[]): Run
}

export interface Project extends Folder {
  /** A program of the project's own, in the project's folder. */
  run(program: string, ...args: string[]): Run
}

/** A folder with these files, to import with this project's program. */
export function createFolder(t: Test, files: Files = {}, program = join(ROOT, 'import/import.ts')): Folder {
  const dir = t.testdir(files)
  return {
    dir,
    collectors: join(dir, 'imported'),
    import: (...args) => spawn(dir, process.execPath, program, ...args),
  }
}

/** A copy of the project without collectors, with these files in it, to judge what its own program writes. */
export function createProject(t: Test, files: Files = {}): Project {
  const folder = createFolder(t, files, 'import/import.ts')
  for (const path of [
    'import',
    'init',
    'kit',
    'demo',
    'src',
    'plugins',
    'package.json',
    'tsconfig.json',
    'biome.json',
  ]) {
    cpSync(join(ROOT, path), join(folder.dir, path), { recursive: true })
  }
  return {
    ...folder,
    run: (program, ...args) => spawn(folder.dir, join(ROOT, 'node_modules/.bin', program), ...args),
  }
}

/**
 * Imports in this process, as the command line does, in a folder with these files; `--ask` has it ask the database. The file `-`
 * is the standard input.
 */
export async function importHere(
  t: Test,
  files: Files,
  ...args: string[]
): Promise<Run & { readonly written: string[]; readonly dir: string }> {
  const { '-': input, ...others } = files
  const dir = t.testdir(others)
  const before = process.cwd()
  const { stdout, stderr } = new TestIo()
  const io = { stdout, stderr, stdin: Readable.from(input === undefined ? [] : [String(input)]) }
  process.chdir(dir)
  try {
    const asked = args.includes('--ask') ? [] : ['--no-database']
    const status = await run(['import', ...asked, ...args.filter((arg) => arg !== '--ask')], io)
    const written = existsSync('imported') ? readdirSync('imported').sort() : []
    return { status, stdout: io.stdout.text, stderr: io.stderr.text, written, dir }
  } finally {
    process.chdir(before)
  }
}

function spawn(cwd: string, command: string, ...args: string[]): Run {
  return spawnSync('env', ['-u', 'NODE_OPTIONS', command, ...args], { cwd, encoding: 'utf8' })
}

/** A file beside this one. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
