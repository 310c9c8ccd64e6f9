import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Server, serverFile } from './file.ts'

/** Runs before all tests: the one PostgreSQL server that they share. */
async function start(): Promise<Server> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, keeper: undefined }
  const script = fileURLToPath(new URL('keep.ts', import.meta.url))
  // The runner of the tests is this process's parent; the server goes when that does, whatever ends it.
  const keeper = spawn(process.execPath, [script, String(process.ppid)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(keeper.stdout, 'data')
  keeper.stdout.destroy()
  keeper.unref()
  return { url: String(line).trim(), keeper: keeper.pid }
}

writeFileSync(serverFile, JSON.stringify(await start()))
