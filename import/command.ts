import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Build } from '../src/check/command.ts'
import { type ExitCode, FAILED, type Io, OK, runCommand, UsageError } from '../src/config/arguments.ts'
import { print } from '../src/config/print.ts'
import { linesOf } from '../src/config/read.ts'
import { findingOf, Mistake } from '../src/finding.ts'
import { contractFor } from '../src/new/place.ts'
import { COMMAND } from './arguments.ts'
import { type Answers, askDatabases, isDatabaseGiven } from './describe.ts'
import { type Draft, draftCollectors } from './draft.ts'
import { readKinds } from './kinds.ts'
import { type Loss, renderNote } from './loss.ts'
import type { Mapping } from './mapping.ts'
import type { Question, Reading } from './question.ts'
import { readFile } from './read.ts'
import { renderFile } from './render.ts'
import { type Result, renderSummary } from './summary.ts'
import { readDocuments } from './yaml.ts'

/** What the options ask for. */
interface Asked {
  readonly files: readonly string[]
  readonly out: string
  readonly dry: boolean
  readonly isDatabaseAsked: boolean
}

/** Loads what makes an app, which only asking a database needs. */
type LoadBuild = () => Promise<Build>

/**
 * Writes a collector for each query of other exporters' configurations, and prints what it did. Resolves to 1 when something
 * is lost, whatever went wrong, because that is no matter of the arguments alone.
 */
export async function importCollectors(
  args: readonly string[],
  io: Io,
  loadBuild: LoadBuild,
): Promise<ExitCode> {
  try {
    const code = await runCommand(args, io, COMMAND, async ({ values, positionals: files }) => {
      if (files.length === 0) throw new UsageError('Name a file')
      const { out, 'dry-run': dry, 'no-database': unasked } = values
      const isDatabaseAsked = !unasked && isDatabaseGiven(existsSync)
      const result = await carryOver({ files, out, dry, isDatabaseAsked }, io, loadBuild)
      print(io.stdout, renderSummary(result))
      if (result.drafts.length === 0)
        throw new Mistake(`${files.join(', ')}: no query of it could be carried over`)
      const lost = [...result.losses, ...result.drafts.flatMap(({ losses }) => losses)]
      return lost.every(({ harmless }) => harmless) || values['allow-loss'] ? OK : FAILED
    })
    return code === OK ? OK : FAILED
  } catch (error) {
    const lines = linesOf(error)
    print(io.stderr, lines.length > 1 ? `${lines.join('\n')}\n` : `${renderNote(findingOf(error))}\n`)
    return FAILED
  }
}

async function carryOver(
  { files, out, dry, isDatabaseAsked }: Asked,
  io: Io,
  loadBuild: LoadBuild,
): Promise<Result> {
  const { documents, unread } = await readAll(files, io)
  const { readings, taken, losses } = readKinds(documents)
  const questions = readings.flatMap(({ questions }) => questions)
  const answers = isDatabaseAsked ? await ask(questions, await loadBuild()) : undefined
  const { drafts, losses: lost } = draftCollectors(questions, answers?.described)
  if (!dry) write(drafts, readings, out)
  return {
    taken,
    readings,
    drafts,
    losses: [...unread, ...losses, ...readings.flatMap(({ losses }) => losses), ...lost],
    answers,
    out,
    dry,
  }
}

async function ask(questions: readonly Question[], build: Build): Promise<Answers> {
  try {
    return await askDatabases(questions, build)
  } catch (cause) {
    const problem = `nothing was written, because the database was not asked: ${linesOf(cause).join('; ')}`
    throw new Mistake(problem, 'correct that, or have the names of columns do: --no-database', { cause })
  }
}

/** Reads the files, of which one that cannot be understood costs itself. Throws a Mistake when all are such. */
async function readAll(files: readonly string[], io: Io): Promise<{ documents: Mapping[]; unread: Loss[] }> {
  const documents: Mapping[] = []
  const unread: Loss[] = []
  let first: unknown
  for (const file of files) {
    try {
      documents.push(...(await read(file, io)))
    } catch (error) {
      first ??= error
      unread.push({ ...findingOf(error), place: file, what: 'the file' })
    }
  }
  if (documents.length === 0) throw first
  return { documents, unread }
}

async function read(file: string, { stdin }: Io): Promise<Mapping[]> {
  if (file !== '-') return readFile(file)
  return readDocuments(stdin === undefined ? '' : await text(stdin), 'standard input')
}

/** Writes all of the files, or none when one of them is there already. */
function write(drafts: readonly Draft[], readings: readonly Reading[], out: string): void {
  const files = drafts.map((draft) => ({ draft, path: join(out, `${draft.name}.ts`) }))
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => path)
  if (there.length > 0) {
    throw new Mistake(
      `${there.join(', ')}: there already, and nothing was written`,
      'move it, or name another --out',
    )
  }
  if (files.length > 0) mkdirSync(out, { recursive: true })
  const contract = contractFor(out)
  const programs = new Map<Question, string>(
    readings.flatMap(({ program, questions }) => questions.map((question) => [question, program] as const)),
  )
  for (const { draft, path } of files) {
    const program = programs.get(draft.parts[0].question) ?? ''
    writeFileSync(path, renderFile(draft, program, contract), { flag: 'wx' })
  }
}
