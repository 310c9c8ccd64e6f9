import { type Command, type Given, wholeNumber } from '../config/arguments.ts'

/** What a check is asked for. */
export interface Arguments {
  /** Collectors to check; all when there are none. */
  readonly names: readonly string[]
  /** Another folder than COLLECTORS_FOLDER. */
  readonly folder: string | undefined
  /** Lines of each collector's exposition to show. */
  readonly samples: number
  readonly explain: boolean
  readonly json: boolean
  readonly strict: boolean
}

const OPTIONS = {
  samples: { type: 'string', default: '0' },
  explain: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  folder: { type: 'string' },
} as const

export const COMMAND: Command<typeof OPTIONS> = {
  usage: `Usage: check [option …] [name …]

Runs each collector, or those that are named, once in one snapshot of the database, and says what it found and what is
wrong. Nothing is published. The database and the limits are those of the service: from the environment and .env.

  --samples N   show the first N lines of what each would put on the page
  --explain     show how PostgreSQL plans each query
  --strict      count warnings as errors
  --json        write one JSON document
  --folder PATH check the collectors of this folder instead of COLLECTORS_FOLDER
  --help        show this

Exit code: 0 when all is well, 1 when something is not, 2 when the arguments are not understood.
`,
  options: OPTIONS,
  allowPositionals: true,
}

/** Throws a UsageError when `--samples` is not a number of lines. */
export function argumentsOf({ values, positionals }: Given<typeof OPTIONS>): Arguments {
  const { folder, samples, ...others } = values
  // A name that is given twice is checked once.
  const names = [...new Set(positionals)]
  return { names, folder, samples: wholeNumber('samples', samples, 0), ...others }
}
