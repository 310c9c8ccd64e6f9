import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Sql } from 'postgres'
import type { Test } from 'tap'
import type { Environment } from '../../../src/config/read.ts'

/** Where the state of collector `things` is, as a test sees it from outside. */
export interface Kept {
  readonly variable: 'STATE_FILE' | 'STATE_URL'
  readonly env: Environment
  /** Returns the JSON of the state; undefined when there is none. */
  read(): Promise<string | undefined>
  /** Replaces it. */
  write(text: string): Promise<void>
  /** Returns what was refused and kept. */
  rejected(): Promise<string | undefined>
  /** Makes what is kept that of a later version. */
  later(): Promise<void>
}

/** A state file. */
export function inFile(t: Test): Kept {
  const file = join(t.testdir({ data: {} }), 'data', 'state.json')
  const read = async (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  return {
    variable: 'STATE_FILE',
    env: { STATE_FILE: file },
    read: () => read(file),
    write: async (text) => writeFileSync(file, text),
    rejected: () => read(`${file}.rejected`),
    async later() {
      writeFileSync(file, readFileSync(file, 'utf8').replace('"version":1', '"version":2'))
    },
  }
}

/** A table in the database of the test. */
export function inTable(sql: Sql, url: string): Kept {
  const read = async (collector: string) => {
    const [row] = await sql<{ state: Buffer | null }[]>`
      SELECT state FROM metrics_service_state WHERE collector = ${collector}`
    return row?.state ? gunzipSync(row.state).toString() : undefined
  }
  return {
    variable: 'STATE_URL',
    env: { STATE_URL: url },
    read: () => read('things'),
    async write(text) {
      await sql`UPDATE metrics_service_state SET state = ${gzipSync(text)} WHERE collector = 'things'`
    },
    rejected: () => read('things.rejected'),
    async later() {
      await sql`UPDATE metrics_service_state SET version = 2 WHERE collector = 'things'`
    },
  }
}
