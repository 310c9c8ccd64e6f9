import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fieldOf } from '../advice.ts'
import type { Build } from '../check/command.ts'
import { check } from '../check/command.ts'
import { type ExitCode, FAILED, type Io, runCommand, UsageError } from '../config/arguments.ts'
import { print } from '../config/print.ts'
import { linesOf } from '../config/read.ts'
import { Mistake } from '../finding.ts'
import { answersOf } from './answers.ts'
import { COMMAND } from './arguments.ts'
import { type Asked, draftOf } from './drafting.ts'
import { wordsOf } from './names.ts'
import { contractFor, placeOf, writeNew } from './place.ts'
import { Questions } from './questions.ts'
import { renderCollector } from './render.ts'
import { readStatement } from './statement.ts'

/** What ends it early. The query that runs ends on the server, too. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Lines of the page that are shown. */
const SHOWN = 20

/** Makes a collector of a query, writes its file and checks it. */
export function create(args: readonly string[], io: Io, build: Build): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async ({ values, positionals }) => {
    const [name, ...more] = positionals
    if (name === undefined || more.length > 0) throw new UsageError('Give the collector one name')
    const usual = wordsOf(name).join('-')
    if (name.replaceAll('_', '-') !== usual || /^\d/.test(usual)) {
      throw new UsageError(`"${name}" is no name of a collector: it takes lower-case words joined by hyphens`)
    }
    const answers = answersOf(values)
    let sql = ''
    let questions: Questions | undefined
    let folder = ''
    let app: Awaited<ReturnType<Build>> | undefined
    const empty = mkdtempSync(join(tmpdir(), 'metrics-service-new-'))
    try {
      const isPiped = io.stdin !== undefined && io.stdin.isTTY !== true
      const isQuery = values.sql !== undefined || values.file !== undefined
      const { stdin } = io
      if (stdin?.isTTY && io.stderr.isTTY && !values.yes) questions = new Questions({ ...io, stdin })
      const given = values.sql ?? (values.file === undefined ? undefined : readFileSync(values.file, 'utf8'))
      const asked = given ?? (isPiped && stdin !== undefined ? await text(stdin) : await questions?.query())
      if (asked === undefined) throw new UsageError('Give the query: --sql, --file, or the standard input')
      if (asked.trim() === '' && !isQuery)
        throw new UsageError('Give the query: --sql, --file, or the standard input')
      sql = statementOf(asked)
      app = await build({ folder: empty, logger: false })
      folder = values.folder ?? app.config.COLLECTORS_FOLDER ?? 'collectors'
      const path = placeOf(folder, name)
      const request: Asked = { name, sql, answers, database: values.database, questions }
      const { databases } = app
      const cancel = () => {
        for (const { inspector } of databases) inspector.cancel()
        questions?.close()
      }
      for (const signal of SIGNALS) process.once(signal, cancel)
      const drafted = await draftOf(app, request).finally(() => {
        for (const signal of SIGNALS) process.off(signal, cancel)
      })
      writeNew(path, renderCollector(drafted.draft, drafted.sql, contractFor(folder)))
      print(io.stdout, [`wrote ${path}`, ...drafted.notes, ''].map((line) => `${line}\n`).join(''))
    } catch (error) {
      if (error instanceof UsageError) throw error
      const lines = [...linesOf(error), ...pointed(sql, error)]
      print(io.stderr, `nothing was written:\n${lines.map((line) => `  ${line}\n`).join('')}`)
      return FAILED
    } finally {
      questions?.close()
      await app?.close()
      rmSync(empty, { recursive: true })
    }
    return check([name, '--folder', resolve(folder), '--samples', String(SHOWN)], io, build)
  })
}

/** The one SELECT that is asked. Throws a Mistake when it is something else. */
function statementOf(query: string): string {
  const reading = readStatement(query)
  if ('statement' in reading) return reading.statement.sql
  throw new Mistake(reading.obstacle.problem, reading.obstacle.advice)
}

/** The line of a query that an error is in, and a mark below its place. */
function pointed(sql: string, error: unknown): string[] {
  const position = Number(error instanceof Error ? fieldOf(error, 'position') : undefined)
  if (!(position > 0)) return []
  // PostgreSQL counts characters, and not the units that JavaScript has.
  const before = [...sql].slice(0, position - 1).join('')
  const start = before.lastIndexOf('\n') + 1
  const number = before.split('\n').length
  const [line = ''] = sql.slice(start).split('\n', 1)
  const head = `line ${number}: `
  return [`${head}${line}`, `${' '.repeat(head.length + before.length - start)}^`]
}
