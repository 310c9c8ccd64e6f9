import type { Command } from '../src/config/arguments.ts'

const OPTIONS = {
  out: { type: 'string', default: 'imported' },
  'dry-run': { type: 'boolean', default: false },
  'allow-loss': { type: 'boolean', default: false },
  'no-database': { type: 'boolean', default: false },
} as const

export const COMMAND: Command<typeof OPTIONS> = {
  usage: `Usage: import [option …] FILE [FILE …]

Writes a collector for each query of another exporter, and says what is different and what to do next. FILE, or - for the
standard input, is one of: the custom queries of postgres_exporter, CloudNativePG or pg_exporter; a configuration of
sql_exporter, or of one of its collectors; one of the sql_exporter that Debian has; a configuration of query-exporter; a
ConfigMap or the values of a Helm chart with one of these in it. With DATABASE_URL set, the database describes the queries.

  --out DIR       write to this folder (default: imported)
  --dry-run       write nothing, and say what would be written
  --allow-loss    exit with 0 although something could not be carried over
  --no-database   ask no database
  --help          show this

Exit code: 0 when all is carried over, 1 when something is not.
`,
  options: OPTIONS,
  allowPositionals: true,
}
