import { type Command, type Given, UsageError, wholeNumber } from '../config/arguments.ts'
import { describeError } from '../finding.ts'
import { parseDuration } from '../time/duration.ts'

/** What a check is asked for. */
export interface Arguments {
  /** Collectors to check, or the paths of their files; all when there are none. */
  readonly names: readonly string[]
  /** Another folder than COLLECTORS_FOLDER. */
  readonly folder: string | undefined
  /** Lines of each collector's exposition to show. */
  readonly samples: number
  readonly explain: boolean
  readonly json: boolean
  readonly strict: boolean
  /** Whether to have TypeScript look at the files, where it is installed. */
  readonly types: boolean
  /** Milliseconds that windows go back; undefined for what a run of the service asks. */
  readonly since: number | undefined
}

const OPTIONS = {
  samples: { type: 'string', default: '0' },
  explain: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  folder: { type: 'string' },
  since: { type: 'string' },
  'no-types': { type: 'boolean', default: false },
} as const

export const COMMAND: Command<typeof OPTIONS> = {
  usage: `Usage: check [option …] [name or path …]

Runs each collector, or those that are named, once in one snapshot of the database, and says what it found and what is
wrong. Nothing is published. The database and the limits are those of the service: from the environment and .env.

  --since 24h   run windows over the rows of the last 24 hours
  --samples N   show the first N lines of what each would put on the page
  --explain     show how PostgreSQL plans each query
  --strict      count warnings as errors
  --no-types    do not ask TypeScript, which looks at the files where it is installed
  --json        write one JSON document
  --folder PATH check the collectors of this folder instead of COLLECTORS_FOLDER
  --help        show this

Exit code: 0 when all is well, 1 when something is not, 2 when the arguments are not understood.
`,
  options: OPTIONS,
  allowPositionals: true,
}

/** Throws a UsageError when `--samples` is not a number of lines, or `--since` no duration. */
export function argumentsOf({ values, positionals }: Given<typeof OPTIONS>): Arguments {
  const { folder, samples, since, 'no-types': untyped, ...others } = values
  // A name that is given twice is checked once.
  const names = [...new Set(positionals)]
  return {
    names,
    folder,
    samples: wholeNumber('samples', samples, 0),
    since: durationOf(since),
    types: !untyped,
    ...others,
  }
}

function durationOf(since: string | undefined): number | undefined {
  if (since === undefined) return undefined
  try {
    const duration = parseDuration(since)
    if (duration > 0) return duration
  } catch (error) {
    throw new UsageError(`--since ${describeError(error)}`, { cause: error })
  }
  throw new UsageError(`--since is "${since}", and has to be more than 0`)
}
