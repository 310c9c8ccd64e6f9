import { dirname, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fieldOf } from '../advice.ts'
import { packageFolder } from '../config/package.ts'
import type { Finding } from '../finding.ts'

/** The folder of the collectors that the service comes with: an example, which asks the tables of the demo. */
const SHIPPED = fileURLToPath(new URL('../../collectors', import.meta.url))
/** undefined_table: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNDEFINED_TABLE = '42P01'

const isInstalled = packageFolder.split(sep).includes('node_modules')
const INIT = isInstalled ? 'npx metrics-service init my-metrics' : 'npm run init -- my-metrics'

/** A collector: the path of its file, and whether it failed for want of a table. */
interface Run {
  readonly file?: string | null | undefined
  readonly wantsTable?: boolean
}

/** Whether a collector failed because a table is not there. */
export function wantsTable(error: unknown): boolean {
  return error instanceof Error && fieldOf(error, 'code') === UNDEFINED_TABLE
}

/**
 * Returns what to do where each of the collectors is one that the service comes with, and fails for want of a table:
 * the database has other tables, and needs other collectors.
 */
export function findOnlyShipped(collectors: readonly Run[]): Finding | undefined {
  const all = collectors.every(
    ({ file, wantsTable }) => wantsTable && typeof file === 'string' && dirname(resolve(file)) === SHIPPED,
  )
  if (collectors.length === 0 || !all) return undefined
  return {
    problem: 'the shipped collectors are an example, and this database has none of their tables',
    advice: `make a folder of your own: ${INIT}, and set COLLECTORS_FOLDER to the collectors in it`,
  }
}
