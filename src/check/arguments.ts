import { parseArgs } from 'node:util'

/** What a check is asked for. */
export interface Arguments {
  /** Collectors to check; all when there are none. */
  readonly names: readonly string[]
  /** Another folder than collectors/. */
  readonly folder: string | undefined
  /** Lines of each collector's exposition to show. */
  readonly samples: number
  readonly explain: boolean
  readonly json: boolean
  readonly strict: boolean
  readonly help: boolean
}

export const USAGE = `Usage: check [option …] [name …]

Runs each collector, or those that are named, once in one snapshot of the database, and says what it came to and what is
wrong. Nothing is published. The database and the limits are those of the service: from the environment and .env.

  --samples N   show the first N lines of what each would put on the page
  --explain     show how PostgreSQL plans each query
  --strict      take warnings for errors
  --json        write one JSON document
  --folder PATH collectors of another folder than collectors/
  --help        show this

Exit code: 0 when all is well, 1 when something is not, 2 when the arguments are not understood.
`

/** Throws an Error that says what is wrong with the arguments. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      samples: { type: 'string', default: '0' },
      explain: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      folder: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (!/^\d{1,9}$/.test(values.samples)) {
    throw new Error(`--samples is "${values.samples}": it takes how many lines to show, such as 20`)
  }
  const { folder, explain, json, strict, help } = values
  // Twice the same name is once.
  return {
    names: [...new Set(positionals)],
    folder,
    samples: Number(values.samples),
    explain,
    json,
    strict,
    help,
  }
}
