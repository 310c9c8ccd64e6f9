import type { Command } from '../config/arguments.ts'

const OPTIONS = {
  sql: { type: 'string' },
  file: { type: 'string' },
  folder: { type: 'string' },
  label: { type: 'string', multiple: true },
  metric: { type: 'string', multiple: true },
  interval: { type: 'string' },
  window: { type: 'string' },
  settle: { type: 'string' },
  database: { type: 'string' },
  force: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const

export const COMMAND: Command<typeof OPTIONS> = {
  usage: `Usage: new NAME [--sql QUERY | --file PATH] [option …]

Makes a collector of a query: asks the database for its columns, runs it once, read-only, looks at the rows, writes the
file, checks it, and shows what it puts on the page. The query comes from an option or from the standard input. The database
and the limits are those of the service: from the environment and .env. On a terminal it asks; otherwise, and with --yes, it
takes what it proposes and these answers:

  --label COLUMN=open(20)            keep a series for the 20 largest values of a label, or list them all:
  --label COLUMN=free,pro,other
  --metric COLUMN=NAME[:TYPE[:HELP]] name the metric of a column; its type is gauge, counter or timestamp
  --interval 5m                      run it so often, instead of at each tick or as its cost asks for
  --window COLUMN                    count only what is new by this moment of the rows; "none" for no window
  --settle 10m                       how much later than their moment rows may be committed
  --folder PATH                      write to this folder instead of COLLECTORS_FOLDER or collectors/
  --database NAME                    the database of DATABASE_URL that it is for
  --force                            take labels whose values are ids, addresses or too many
  --yes                              ask nothing
  --help                             show this

Exit code: 0 when the collector is written and well, 1 when it is not, 2 when the arguments are not understood.
`,
  options: OPTIONS,
  allowPositionals: true,
}
