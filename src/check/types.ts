import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../finding.ts'
import { placeOn } from '../place.ts'

const COLLECTOR = fileURLToPath(new URL('../collector.ts', import.meta.url))
/** Milliseconds that the compiler may take. */
const TIMEOUT = 60_000
const ERROR = ': error TS'
/** What Node.js runs as it stands, for files without a tsconfig.json. */
const OPTIONS = { strict: true, target: 'es2024', module: 'nodenext', types: [] }
/** What is wrong, and not how it is written. */
const OURS = {
  noEmit: true,
  composite: false,
  incremental: false,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
}

/**
 * Says what the TypeScript compiler finds wrong in collectors' files. It takes the compiler that is installed beside them
 * or in the working directory, and their tsconfig.json if there is one. Undefined where there is no compiler, or where it
 * cannot run.
 */
export async function typeErrors(
  files: readonly string[],
  signal: AbortSignal,
): Promise<readonly Finding[] | undefined> {
  const [first] = files
  const compiler = first === undefined ? undefined : (compilerNear(first) ?? compilerNear(resolve('_')))
  if (first === undefined || compiler === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'metrics-service-types-'))
  try {
    const project = join(folder, 'tsconfig.json')
    await writeFile(
      project,
      JSON.stringify(
        projectOf(
          files.map((file) => resolve(file)),
          dirname(resolve(first)),
        ),
      ),
    )
    const said = await run(compiler, project, signal)
    return said === undefined ? undefined : await Promise.all(findingsIn(said, files))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function compilerNear(file: string): string | undefined {
  try {
    const manifest = createRequire(resolve(file)).resolve('typescript/package.json')
    return join(dirname(manifest), 'bin', 'tsc')
  } catch {
    return undefined
  }
}

/** A project of these files alone, with the options of the tsconfig.json above their folder. */
function projectOf(files: readonly string[], folder: string) {
  const above = ancestorsOf(folder)
  const base = above.map((parent) => join(parent, 'tsconfig.json')).find((path) => existsSync(path))
  const typeRoots = above
    .map((parent) => join(parent, 'node_modules/@types'))
    .filter((path) => existsSync(path))
  const paths = isInstalled(folder) ? {} : { paths: { 'metrics-service': [COLLECTOR] } }
  return {
    ...(base === undefined ? {} : { extends: base }),
    compilerOptions: { ...(base === undefined ? OPTIONS : {}), ...OURS, typeRoots, ...paths },
    include: [],
    files,
  }
}

function isInstalled(folder: string): boolean {
  return ancestorsOf(folder).some((parent) => existsSync(join(parent, 'node_modules/metrics-service')))
}

function ancestorsOf(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...ancestorsOf(parent)]
}

/** What the compiler writes; undefined if it did not end. */
function run(compiler: string, project: string, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const args = [compiler, '--project', project, '--pretty', 'false']
  execFile(process.execPath, args, { signal, timeout: TIMEOUT, maxBuffer: 2 ** 24 }, (error, stdout) =>
    resolve(error === null || typeof error.code === 'number' ? stdout : undefined),
  )
  return promise
}

/** The compiler names files from the working directory. */
function findingsIn(said: string, files: readonly string[]): Promise<Finding>[] {
  const known = new Map(files.map((file) => [resolve(file), file]))
  return said.split('\n').flatMap((line) => {
    const ends = line.indexOf(ERROR)
    const bracket = line.lastIndexOf('(', ends)
    const file = ends < 0 ? undefined : known.get(resolve(line.slice(0, bracket)))
    const [row = 1, column = 1] = line
      .slice(bracket + 1, ends - 1)
      .split(',')
      .map(Number)
    return file === undefined ? [] : findingAt(file, row, column, line.slice(ends + ': error '.length))
  })
}

async function findingAt(file: string, line: number, column: number, problem: string): Promise<Finding> {
  const source = await readFile(file, 'utf8').catch(() => '')
  return { problem, place: placeOn(file, source, line, column) }
}
