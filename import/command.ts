import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { type ExitCode, FAILED, type Io, OK, runCommand, UsageError } from '../src/config/arguments.ts'
import { packageFolder } from '../src/config/package.ts'
import { print } from '../src/config/print.ts'
import { findingOf, Mistake } from '../src/finding.ts'
import { type Draft, draftCollectors } from './draft.ts'
import { renderLoss, renderNote } from './loss.ts'
import { isQueries, readQueries } from './queries.ts'
import type { Reading } from './question.ts'
import { renderFile } from './render.ts'
import { isSqlExporter, readSqlExporter } from './sql-exporter.ts'
import { readDocument } from './yaml.ts'

/** What collectors in the repository of the service itself import; all others import the package. */
const CONTRACT = join(packageFolder, 'src/collector.ts')

const COMMAND = {
  usage: `Usage: import FILE [--out DIR]

Writes a collector for each query of FILE, which is a configuration of sql_exporter or the queries of postgres_exporter,
and says what could not be carried over.

  --out DIR     write to this folder instead of collectors/
  --help        show this
`,
  options: { out: { type: 'string', default: 'collectors' } },
  allowPositionals: true,
} as const

/** Writes a collector for each query of another exporter's configuration, and prints what it did. */
function carryOver(file: string, out: string, { stdout }: Io): void {
  const reading = read(file)
  const { drafts, losses } = draftCollectors(reading.questions)
  const written = write(drafts, reading.program, out)
  print(
    stdout,
    [
      ...section(`Written to ${out}:`, written),
      ...section(
        'Carried over otherwise, as a comment in the file says:',
        drafts.flatMap(({ name, notes }) => notes.map((note) => `${name}.ts: ${renderNote(note)}`)),
      ),
      ...section('Not carried over:', [
        ...[...reading.losses, ...losses].map(renderLoss),
        ...drafts.flatMap(({ name, losses }) => losses.map((loss) => `${name}.ts: ${renderLoss(loss)}`)),
      ]),
      ...section('To set and to know:', reading.advice),
    ].join('\n'),
  )
  if (drafts.length === 0) throw new Mistake(`${file}: no query of it could be carried over`)
}

function read(file: string): Reading {
  const document = readDocument(file)
  // Asked first, because a namespace may be named as a key of sql_exporter, such as "jobs".
  if (isQueries(document)) return readQueries(document)
  if (isSqlExporter(document)) return readSqlExporter(file, document)
  throw new Mistake(
    `${file}: this is neither a configuration of sql_exporter (it has no "collectors", "collector_files" or ` +
      '"collector_name") nor the queries of postgres_exporter (no key of it has a "query")',
  )
}

/** Writes all of the files, or none when one of them is there already; returns a line on each. */
function write(drafts: readonly Draft[], program: string, out: string): string[] {
  const files = drafts.map((draft) => ({ draft, path: join(out, `${draft.name}.ts`) }))
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => path)
  if (there.length > 0) {
    throw new Mistake(
      `${there.join(', ')}: there already, and nothing was written`,
      'move it, or name another --out',
    )
  }
  if (files.length > 0) mkdirSync(out, { recursive: true })
  const contract = contractFrom(resolve(out))
  return files.map(({ draft, path }) => {
    writeFileSync(path, renderFile(draft, program, contract), { flag: 'wx' })
    return `${draft.name}.ts: ${draft.metrics.map(({ name }) => name).join(', ')}`
  })
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), '']
}

/** What a collector in a folder imports. */
function contractFrom(folder: string): string {
  const inside = `${folder}${sep}`.startsWith(`${packageFolder}${sep}`) && existsSync(CONTRACT)
  if (!inside) return 'metrics-service'
  const path = relative(folder, CONTRACT).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}

/** Carries over what a file has. Resolves to 1 whatever went wrong, because that is no matter of the arguments alone. */
export async function importCollectors(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    const code = await runCommand(args, io, COMMAND, async ({ values, positionals }) => {
      const [file, ...more] = positionals
      if (file === undefined || more.length > 0) throw new UsageError('Name one file')
      carryOver(file, values.out, io)
      return OK
    })
    return code === OK ? OK : FAILED
  } catch (error) {
    print(io.stderr, `${renderNote(findingOf(error))}\n`)
    return FAILED
  }
}
