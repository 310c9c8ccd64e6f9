import { createHash } from 'node:crypto'
import type { AuthMethod } from '../../../src/config/require-auth.ts'
import { Mistake } from '../../../src/finding.ts'
import { ProtocolError } from './frames.ts'
import { message, zeroEnded } from './message.ts'
import { Scram } from './scram.ts'

/** The ways to authenticate that are spoken here. */
type Method = Extract<AuthMethod, 'none' | 'password' | 'md5' | 'scram-sha-256'>

export interface Credentials {
  readonly user: string
  password(): Promise<string>
  /** Returns why a method may not be used; undefined when it may. */
  refusal(method: Method): Error | undefined
  readonly channelBinding: 'disable' | 'prefer' | 'require'
  /** What a channel binding binds to; undefined without TLS, or where the server's certificate cannot be bound to. */
  readonly endPoint: Buffer | undefined
  readonly encrypted: boolean
}

// The requests of a server: https://www.postgresql.org/docs/current/protocol-message-formats.html
const OK = 0
const CLEARTEXT = 3
const MD5 = 5
const SASL = 10
const SASL_CONTINUE = 11
const SASL_FINAL = 12
/** What cannot be answered: they need a library of the system that Node does not have. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  2: 'Kerberos V5',
  6: 'SCM credentials',
  7: 'GSSAPI',
  9: 'SSPI',
}

/**
 * Returns what says why a method may not be used, by `require_auth`. Where nothing is said, only the password in clear is not
 * sent for all to read: `secret` is whether nobody else can.
 */
export function permissionOf(
  allowed: ReadonlySet<AuthMethod> | undefined,
  secret: boolean,
): Credentials['refusal'] {
  return (method) => {
    if (allowed === undefined && (method !== 'password' || secret)) return undefined
    if (allowed?.has(method)) return undefined
    return new Mistake(
      method === 'none'
        ? 'the server lets the client in without a proof'
        : `the server asks for ${ASKED[method]}`,
      allowed === undefined
        ? 'encrypt the connection with sslmode=verify-full, or allow it with require_auth=password'
        : `require_auth=${[...allowed].join()} does not allow it`,
    )
  }
}

const ASKED = {
  password: 'the password in clear',
  md5: 'an MD5 hash of the password',
  'scram-sha-256': 'SCRAM',
}

/** The client's side of one authentication: answers what the server asks, in the order in which it may be asked. */
export class Authentication {
  readonly #credentials: Credentials
  #method: Method | undefined
  #scram: Scram | undefined
  #bound = false
  #done = false

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /** Whether the server has let the client in. */
  get done(): boolean {
    return this.#done
  }

  /** Returns the message to answer with. Throws a ProtocolError when the server may not ask this, or not now. */
  async answer(content: Buffer): Promise<Buffer | undefined> {
    if (content.length < 4 || this.#done) throw new ProtocolError('the server authenticates in no known way')
    const request = content.readUInt32BE(0)
    const data = content.subarray(4)
    switch (request) {
      case OK:
        return this.#finish()
      case CLEARTEXT:
        this.#choose('password')
        return message('p', zeroEnded(await this.#credentials.password()))
      case MD5:
        this.#choose('md5')
        return message(
          'p',
          zeroEnded(md5Answer(this.#credentials.user, await this.#credentials.password(), data)),
        )
      case SASL:
        this.#choose('scram-sha-256')
        return this.#begin(data.toString('latin1').split('\0'))
      case SASL_CONTINUE:
        return message(
          'p',
          Buffer.from(
            await this.#running().final(data.toString('latin1'), await this.#credentials.password()),
          ),
        )
      case SASL_FINAL:
        this.#running().verify(data.toString('latin1'))
        return undefined
      default: {
        const name = UNSUPPORTED[request] ?? `number ${request}`
        throw new ProtocolError(`the server asks for authentication that is not supported: ${name}`)
      }
    }
  }

  #choose(method: Method): void {
    if (this.#method !== undefined) throw new ProtocolError('the server asks for authentication twice')
    const refusal = this.#credentials.refusal(method)
    if (refusal !== undefined) throw refusal
    this.#method = method
  }

  #running(): Scram {
    if (this.#scram === undefined)
      throw new ProtocolError('the server goes on with a SCRAM that was not begun')
    return this.#scram
  }

  #begin(mechanisms: readonly string[]): Buffer {
    const { channelBinding, endPoint, encrypted } = this.#credentials
    const plus = encrypted && mechanisms.includes('SCRAM-SHA-256-PLUS')
    this.#bound = plus && channelBinding !== 'disable' && endPoint !== undefined
    if (channelBinding === 'require' && !this.#bound) throw new ProtocolError(UNBOUND)
    const mechanism = this.#bound ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256'
    if (!mechanisms.includes(mechanism)) {
      throw new ProtocolError('the server asks for a SASL mechanism that is not supported')
    }
    // `y` says that the client could: a server that can, too, knows then that somebody has hidden it.
    const able = encrypted && endPoint !== undefined && channelBinding !== 'disable'
    const unbound = able && !plus ? 'y,,' : 'n,,'
    this.#scram = this.#bound ? new Scram('p=tls-server-end-point,,', endPoint) : new Scram(unbound)
    const first = Buffer.from(this.#scram.first())
    const size = Buffer.alloc(4)
    size.writeUInt32BE(first.length)
    return message('p', zeroEnded(mechanism), size, first)
  }

  #finish(): undefined {
    if (this.#method === undefined) this.#choose('none')
    if (this.#scram !== undefined && !this.#scram.proven) {
      throw new ProtocolError(
        'the server ends the authentication before it has proved that it knows the password',
      )
    }
    if (this.#credentials.channelBinding === 'require' && !this.#bound) throw new ProtocolError(UNBOUND)
    this.#done = true
  }
}

const UNBOUND =
  'the server does not bind the password to the TLS connection, and channel_binding=require asks for it'

function md5Answer(user: string, password: string, salt: Buffer): string {
  const inner = createHash('md5').update(password).update(user).digest('hex')
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`
}
