import { once } from 'node:events'
import { createServer } from 'node:net'
import type { FastifyInstance, FastifyListenOptions } from 'fastify'
import { fieldOf } from '../advice.ts'
import { Mistake } from '../finding.ts'

/** What to do when a listener cannot be where it is to be, by Node's code. */
const ADVICE = {
  EADDRINUSE: (port: string) => `another process has that port: set ${port} to a free one`,
  EACCES: (port: string) => `this user may not take that port: set ${port} to one above 1023`,
  EADDRNOTAVAIL: (_: string, host: string) =>
    `this machine has no such address: set ${host} to one of its own`,
  ENOTFOUND: (_: string, host: string) => `no such host is known: set ${host} to an address of this machine`,
}

/** The variables that say where a listener is. */
interface Variables {
  readonly host: 'HOST' | 'DEBUG_HOST'
  readonly port: 'PORT' | 'DEBUG_PORT'
}

/** Has an app listen. Rejects with a Mistake that names the variables when it cannot be there. */
export async function listen(
  app: Pick<FastifyInstance, 'listen'>,
  options: FastifyListenOptions & Place,
  variables: Variables,
): Promise<void> {
  try {
    await app.listen(options)
  } catch (error) {
    throw explained(error, options, variables)
  }
}

/** Where a listener is to be. */
interface Place {
  readonly host: string
  readonly port: number
}

/** Rejects with the same Mistake when no listener can be there now. */
export async function checkPlace({ host, port }: Place, variables: Variables): Promise<void> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw explained(error, { host, port }, variables)
  }
  server.close()
  await once(server, 'close')
}

/** What another plugin has found wrong at the start comes out of the listening, too: that is left as it is. */
function explained(error: unknown, { host, port }: Place, variables: Variables): unknown {
  if (!(error instanceof Error) || error instanceof Mistake) return error
  const code = fieldOf(error, 'code')
  if (code === undefined || !isKnown(code)) return error
  return new Mistake(
    `${variables.host} is "${host}" and ${variables.port} is "${port}": ${error.message}`,
    ADVICE[code](variables.port, variables.host),
    { cause: error },
  )
}

function isKnown(code: string): code is keyof typeof ADVICE {
  return code in ADVICE
}
