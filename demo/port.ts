import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what Linux gives to those who do not ask for one, so that nobody gets it in the meantime. */
const [LOWEST, HIGHEST] = [10_000, 32_767]

/** A port of 127.0.0.1 that nobody listens on: the preferred one if it is such, else any. */
export async function freePort(preferred = randomInt(LOWEST, HIGHEST + 1)): Promise<number> {
  const server = createServer().listen(preferred, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return freePort()
  }
  server.close()
  await once(server, 'close')
  return preferred
}
