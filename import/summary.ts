import type { Answers, Refusal } from './describe.ts'
import { type Draft, LIMIT } from './draft.ts'
import type { Taken } from './kinds.ts'
import { type Loss, renderLosses, renderNote } from './loss.ts'
import type { Question, Reading } from './question.ts'

/** What came of an import. */
export interface Result {
  readonly taken: readonly Taken[]
  readonly readings: readonly Reading[]
  readonly drafts: readonly Draft[]
  readonly losses: readonly Loss[]
  /** Undefined when no database was asked. */
  readonly answers: Answers | undefined
  readonly out: string
  /** Whether nothing is written. */
  readonly dry: boolean
}

/** How many lines a part of the summary has at most. */
const MOST = 30
const DEFAULT_BUDGET = 10_000

/** What was written, what is different, and what to do next. */
export function renderSummary(result: Result): string {
  const { taken, readings, drafts, losses, answers, out, dry } = result
  const metrics = drafts.reduce((sum, draft) => sum + draft.metrics.length, 0)
  const series =
    answers === undefined ? undefined : drafts.reduce((sum, draft) => sum + seriesOf(draft, answers), 0)
  const about = series === undefined ? '' : `, about ${series.toLocaleString('en')} series`
  const counts = `${counted(drafts.length, 'collector')}, ${counted(metrics, 'metric')}${about}`
  return [
    ...takenLines(taken),
    answers === undefined
      ? 'No database was asked, so that the types of columns are guessed by their names: set DATABASE_URL'
      : `Asked ${answers.databases.join(', ')} for the types of columns; no query was run`,
    '',
    ...section(
      `${dry ? 'Would be written' : 'Written'} to ${out}: ${counts}`,
      drafts.map(({ name, metrics }) => `${name}.ts: ${metrics.map(({ name }) => name).join(', ')}`),
    ),
    ...section(
      'Carried over otherwise, as a comment in the file says:',
      drafts.flatMap(({ name, notes }) => notes.map((note) => `${name}.ts: ${renderNote(note)}`)),
    ),
    ...section(
      'Refused by the database, as it would be from the exporter:',
      (answers?.refused ?? []).map(renderRefusal),
    ),
    ...section('Not carried over:', [
      ...renderLosses([...losses, ...drafts.flatMap(({ losses }) => losses)]),
    ]),
    ...section('Different for all of them:', [
      ...new Set(readings.flatMap(({ differences }) => differences)),
      `an open label has no limit but COLLECTOR_MAX_SERIES, ${(answers?.budget ?? DEFAULT_BUDGET).toLocaleString('en')} series of a collector`,
    ]),
    ...section(
      'What to do next:',
      stepsFor(result).map((step, i) => `${i + 1}. ${step}`),
    ),
  ].join('\n')
}

/** What each file was taken for; many of one program are one line. */
function takenLines(taken: readonly Taken[]): string[] {
  const programs = [...new Set(taken.map(({ program }) => program))]
  return programs.map((program) => {
    const files = [...new Set(taken.filter((one) => one.program === program).map(({ file }) => file))]
    return `${files.length > 3 ? `${files.length} files` : files.join(', ')}: taken for queries of ${program}`
  })
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  const shown =
    lines.length > MOST + 1 ? [...lines.slice(0, MOST), `… and ${lines.length - MOST} more`] : lines
  // A name in a file may have several lines, and each line here is our own.
  return [title, ...shown.map((line) => `  ${line.replaceAll(/\s+/g, ' ')}`), '']
}

function renderRefusal({ question, database, finding }: Refusal): string {
  const on = database === undefined ? '' : ` on ${database}`
  return `${question.place}: ${question.what}${on}: ${renderNote(finding)}`
}

/** About how many series a draft makes, by the rows that the planner expects. */
function seriesOf({ parts, metrics }: Draft, { described }: Answers): number {
  const rowsOf = (question: Question) =>
    (described.get(question)?.rows ?? 1) * Math.max(question.measures.length, 1)
  return parts.reduce((sum, { question }) => sum + rowsOf(question), 0) * metrics.length
}

function stepsFor({ readings, drafts, answers, out }: Result): string[] {
  const programs = readings.map(({ program }) => program)
  const largest = answers === undefined ? 0 : Math.max(0, ...drafts.map((draft) => seriesOf(draft, answers)))
  const budget = answers?.budget ?? DEFAULT_BUDGET
  return [
    ...new Set(readings.flatMap(({ steps }) => steps)),
    `set COLLECTORS_FOLDER=${out}, so that the collectors that come with the service do not run`,
    'set METRICS_TICK_DURATION to the interval of the scrapes: the queries ran on each of them',
    ...(largest > budget
      ? [`set COLLECTOR_MAX_SERIES=${roundedUp(largest)}: one collector may have as many series`]
      : []),
    `look at what each would show: npm run check -- --folder ${out} --samples 5`,
    ...(programs.includes('postgres_exporter')
      ? [
          'keep postgres_exporter for what it shows without a file: pg_stat_database_*, pg_locks_*, pg_settings_*',
        ]
      : []),
    'write in alerts, for pg_up or up: database_up, and for errors of the exporter: collector_success',
    "leave the service's own sessions out of what counts sessions: application_name <> 'metrics-service'",
  ]
}

/** A limit with room to grow. */
function roundedUp(series: number): number {
  return Math.min(10 ** Math.ceil(Math.log10(series * 2)), LIMIT)
}
