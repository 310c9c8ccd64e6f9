import { startPostgres } from '../demo/postgres.ts'
import { print } from '../src/config/print.ts'
import { describeError } from '../src/finding.ts'

// Keeps a PostgreSQL server until its input ends; says in one line where that is, or why there is none.
try {
  const { url, destroy } = await startPostgres()
  process.stdin.once('close', destroy).resume()
  print(process.stdout, `${url}\n`)
} catch (error) {
  print(process.stdout, `${describeError(error)}\n`)
}
