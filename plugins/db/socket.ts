import { once } from 'node:events'
import net from 'node:net'
import { TLSSocket } from 'node:tls'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { secure } from './secure.ts'
import type { Credentials } from './wire/authentication.ts'
import { endPointOf } from './wire/channel-binding.ts'
import { Guard } from './wire/guard.ts'
import { openSession } from './wire/opening.ts'

/** The name under which pg_stat_activity shows the service. */
const APPLICATION_NAME = 'metrics-service'
/** Milliseconds after which the system asks a silent server whether it is still there. */
const KEEP_ALIVE = 60_000

/**
 * Opens a session with an endpoint: connects, encrypts as `sslmode` asks, proves who the client is. Resolves to what a client
 * of PostgreSQL can speak through. A signal that aborts cuts the connection, also later.
 */
export async function openGuarded(endpoint: Endpoint, url: DatabaseUrl, signal: AbortSignal): Promise<Guard> {
  const { host, port } = endpoint
  const local = host.startsWith('/')
  const plain = local ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect({ host, port })
  const cut = () => plain.destroy()
  // Until there is a guard, what goes wrong shows in what is waited for.
  plain.on('error', () => {})
  signal.addEventListener('abort', cut)
  plain.on('close', () => signal.removeEventListener('abort', cut))
  try {
    await once(plain, 'connect')
    plain.setKeepAlive(true, KEEP_ALIVE)
    const socket = local ? plain : await secure(plain, host, url)
    const opened = await openSession(socket, parametersOf(url), credentialsOf(url, socket, local))
    return new Guard(socket, opened, endpoint)
  } catch (error) {
    plain.destroy()
    throw error
  }
}

function parametersOf({ user, database }: DatabaseUrl): Record<string, string> {
  return { user, database, client_encoding: 'UTF8', application_name: APPLICATION_NAME }
}

function credentialsOf(url: DatabaseUrl, socket: net.Socket, local: boolean): Credentials {
  const tls = socket instanceof TLSSocket ? socket : undefined
  const certificate = tls?.getPeerX509Certificate()?.raw
  return {
    user: url.user,
    password: async () => url.password,
    refusal: (method) =>
      method === 'password' && tls === undefined && !local
        ? 'the server asks for the password in clear, on a connection that is not encrypted'
        : undefined,
    channelBinding: 'prefer',
    endPoint: certificate && endPointOf(certificate),
    encrypted: tls !== undefined,
  }
}
