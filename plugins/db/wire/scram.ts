import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ProtocolError } from './frames.ts'

/**
 * The most rounds of hashing that a server may ask for. PostgreSQL's own number is 4,096; this takes about half a second,
 * beside the event loop.
 */
const MOST_ITERATIONS = 2_000_000

const SERVER_FIRST = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,|$)/
const derive = promisify(pbkdf2)

/**
 * One exchange of SCRAM-SHA-256, in which each side proves that it knows the password without saying it. With the bytes of a
 * channel binding, it also proves that both are on the same TLS connection.
 * https://datatracker.ietf.org/doc/html/rfc5802#section-3 and https://datatracker.ietf.org/doc/html/rfc7677
 */
export class Scram {
  readonly #header: string
  readonly #binding: Buffer
  readonly #nonce: string
  #signature: Buffer | undefined
  #proven = false

  /** `header` says what the client does about channel binding: `n,,`, `y,,` or `p=tls-server-end-point,,`. */
  constructor(header: string, binding: Buffer = Buffer.alloc(0), nonce = randomBytes(18).toString('base64')) {
    this.#header = header
    this.#binding = binding
    this.#nonce = nonce
  }

  /** Whether the server has proved that it knows the password. */
  get proven(): boolean {
    return this.#proven
  }

  /** The client's first message. PostgreSQL takes the user from the start of the session, not from here. */
  first(): string {
    return `${this.#header}n=,r=${this.#nonce}`
  }

  /** The client's answer to the server's first message. Throws a ProtocolError if that is not an answer to ours. */
  async final(serverFirst: string, password: string): Promise<string> {
    const [, nonce = '', salt = '', count = ''] = SERVER_FIRST.exec(serverFirst) ?? []
    if (
      !nonce.startsWith(this.#nonce) ||
      nonce.length === this.#nonce.length ||
      this.#signature !== undefined
    ) {
      throw new ProtocolError('the server does not go on with the authentication that was begun (SCRAM)')
    }
    const iterations = Number(count)
    if (iterations > MOST_ITERATIONS) {
      throw new ProtocolError(
        `the server asks for ${iterations} iterations of SCRAM, over ${MOST_ITERATIONS}`,
      )
    }
    const salted = await derive(
      await prepared(password),
      Buffer.from(salt, 'base64'),
      iterations,
      32,
      'sha256',
    )
    const clientKey = hmac(salted, 'Client Key')
    const channel = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString('base64')
    const unproven = `c=${channel},r=${nonce}`
    const signed = `n=,r=${this.#nonce},${serverFirst},${unproven}`
    this.#signature = hmac(hmac(salted, 'Server Key'), signed)
    const mask = hmac(createHash('sha256').update(clientKey).digest(), signed)
    const proof = clientKey.map((byte, i) => byte ^ (mask[i] ?? 0))
    return `${unproven},p=${Buffer.from(proof).toString('base64')}`
  }

  /** Takes the server's last message. Throws a ProtocolError if it does not prove that the server knows the password. */
  verify(serverFinal: string): void {
    const [, text = ''] = /^v=([A-Za-z0-9+/]+={0,2})(?:,|$)/.exec(serverFinal) ?? []
    const given = Buffer.from(text, 'base64')
    const wanted = this.#signature
    if (wanted === undefined || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new ProtocolError('the server does not prove that it knows the password (SCRAM)')
    }
    this.#proven = true
  }
}

/** The password as SASLprep makes it, or as it is where that forbids it, as PostgreSQL has it: RFC 4013. */
async function prepared(password: string): Promise<string> {
  // It leaves ASCII as it is, or forbids it. Its tables are large.
  if (/^\p{ASCII}*$/u.test(password)) return password
  const { default: saslprep } = await import('@mongodb-js/saslprep')
  try {
    return saslprep(password)
  } catch {
    return password
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
