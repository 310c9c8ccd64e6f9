import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { QUERY } from './series.ts'

/** Milliseconds from the start of psql, which fetches every series of a database, to its end; undefined where it is not installed. */
export async function timePsql(url: string): Promise<number | undefined> {
  const started = performance.now()
  const child = spawn('psql', [url, '-AtXc', QUERY], { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`psql ended with ${code}`)
    return performance.now() - started
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
