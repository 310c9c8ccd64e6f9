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
  options: FastifyListenOptions & { readonly host: string; readonly port: number },
  variables: Variables,
): Promise<void> {
  try {
    await app.listen(options)
  } catch (error) {
    // What another plugin has found wrong at the start comes out here, too.
    if (!(error instanceof Error) || error instanceof Mistake) throw error
    const code = fieldOf(error, 'code')
    if (code === undefined || !isKnown(code)) throw error
    throw new Mistake(
      `${variables.host} is "${options.host}" and ${variables.port} is "${options.port}": ${error.message}`,
      ADVICE[code](variables.port, variables.host),
      { cause: error },
    )
  }
}

function isKnown(code: string): code is keyof typeof ADVICE {
  return code in ADVICE
}
