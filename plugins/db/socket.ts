import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { TLSSocket } from 'node:tls'
import postgres from 'postgres'
import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { type Endpoint, isLocal } from '../../src/config/endpoint.ts'
import { type Encryption, encryptionsOf } from '../../src/config/tls-options.ts'
import { loginOf } from './credentials.ts'
import { secure } from './secure.ts'
import { permissionOf } from './wire/authentication.ts'
import { endPointOf } from './wire/channel-binding.ts'
import { Guard } from './wire/guard.ts'
import { openSession } from './wire/opening.ts'

/** The name under which pg_stat_activity shows the service. */
const APPLICATION_NAME = 'metrics-service'
/** Milliseconds after which the system asks a silent server whether it is still there. */
const KEEP_ALIVE = 60_000
/** invalid_password: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const WRONG_PASSWORD = '28P01'
/** invalid_authorization_specification: pg_hba.conf lets the client in with encryption only, or only without. */
const NOT_ALLOWED = '28000'

/** A session that is open, and the role that it was opened for. */
export interface Session {
  readonly guard: Guard
  readonly user: string
  /** The certificate of the server; undefined without TLS. */
  readonly certificate: X509Certificate | undefined
}

/**
 * Opens a session with an endpoint: connects, encrypts as `sslmode` asks, proves who the client is. Resolves to what a client
 * of PostgreSQL can speak through. A signal that aborts cuts the connection, also later.
 *
 * `allow` and `prefer` have a second try, as in libpq, but not after a wrong password: that would be sent in another way.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
 */
export async function openGuarded(
  endpoint: Endpoint,
  url: DatabaseUrl,
  signal: AbortSignal,
): Promise<Session> {
  const [first = 'plain', second] = encryptionsOf(url, endpoint)
  const attempt = new Attempt(endpoint, url, signal)
  try {
    return await attempt.open(first)
  } catch (error) {
    if (second === undefined || signal.aborted || !attempt.isWorthAnother(error, second)) throw error
    return await attempt.open(second).catch((another) => {
      throw second === 'plain' ? error : another
    })
  }
}

/** The ways in which a session is tried to be opened. */
class Attempt {
  readonly #endpoint: Endpoint
  readonly #url: DatabaseUrl
  readonly #signal: AbortSignal
  /** How the last one got on: `undefined` before there was a connection, `encrypted` or `plain` when a session was begun. */
  #reached: 'connected' | Encryption | undefined

  constructor(endpoint: Endpoint, url: DatabaseUrl, signal: AbortSignal) {
    this.#endpoint = endpoint
    this.#url = url
    this.#signal = signal
  }

  async open(encryption: Encryption): Promise<Session> {
    const { host, address, port } = this.#endpoint
    const local = isLocal(this.#endpoint)
    this.#reached = undefined
    const plain = local
      ? net.connect(`${host}/.s.PGSQL.${port}`)
      : net.connect({ host: address ?? host, port })
    const cut = () => plain.destroy()
    // Until there is a guard, what goes wrong shows in what is waited for.
    plain.on('error', () => {})
    this.#signal.addEventListener('abort', cut)
    plain.on('close', () => this.#signal.removeEventListener('abort', cut))
    try {
      await once(plain, 'connect')
      this.#reached = 'connected'
      plain.setKeepAlive(true, KEEP_ALIVE)
      const socket = await secure(plain, host, this.#url, encryption)
      this.#reached = socket === plain ? 'plain' : 'encrypted'
      return await this.#begin(socket, local)
    } catch (error) {
      plain.destroy()
      throw error
    }
  }

  /** Whether the other way may do what this one did not: the handshake failed, or the server wants the other one. */
  isWorthAnother(error: unknown, other: Encryption): boolean {
    if (this.#reached === 'connected') return true
    const refused = error instanceof postgres.PostgresError && error.code === NOT_ALLOWED
    return refused && this.#reached !== undefined && this.#reached !== other
  }

  async #begin(socket: net.Socket, local: boolean): Promise<Session> {
    const url = this.#url
    const { user, password, advice } = await loginOf(url, this.#endpoint)
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
    const parameters = {
      user,
      database: url.database,
      client_encoding: 'UTF8',
      application_name: url.applicationName ?? APPLICATION_NAME,
      ...(url.sessionOptions !== undefined && { options: url.sessionOptions }),
    }
    const opened = await openSession(socket, parameters, {
      user,
      password,
      refusal: permissionOf(url.requireAuth, local || socket instanceof TLSSocket),
      channelBinding: url.channelBinding,
      encrypted: socket instanceof TLSSocket,
      endPoint: certificate && endPointOf(certificate.raw),
    }).catch((error) => {
      if (error instanceof postgres.PostgresError && error.code === WRONG_PASSWORD)
        Object.assign(error, { advice })
      throw error
    })
    return { guard: new Guard(socket, opened, this.#endpoint), user, certificate }
  }
}
