import type { Duplex } from 'node:stream'
import { Authentication, type Credentials } from './authentication.ts'
import { Frames, ProtocolError } from './frames.ts'
import {
  AUTHENTICATION,
  BACKEND_KEY,
  ERROR,
  HEADER,
  isEncoding,
  message,
  NEGOTIATION,
  NOTICE,
  PARAMETER_STATUS,
  READY,
  startupMessage,
  zeroEnded,
} from './message.ts'
import { fieldsOf, serverError } from './server-error.ts'

/** The longest message of a server that opens a session, in bytes, and how many of them there may be. */
const LONGEST = 65_536
const MOST = 1000

const EXPECTED = new Set([AUTHENTICATION, BACKEND_KEY, ERROR, NEGOTIATION, NOTICE, PARAMETER_STATUS, READY])

const ADMITTED = message(AUTHENTICATION, Buffer.alloc(4))
/** The client is told that each server is a standby, so that it does not look for another one. */
const STANDBY = ['in_hot_standby', 'default_transaction_read_only'].map((name) =>
  message(PARAMETER_STATUS, zeroEnded(name), zeroEnded('on')),
)

/** What a session begins with. */
export interface Opened {
  /** Has what the server has sent beyond that already. */
  readonly frames: Frames
  /** The messages of the server that the client needs. */
  readonly welcome: Buffer
}

interface Message {
  readonly type: number
  readonly whole: Buffer
  readonly size: number
}

/**
 * Opens a session on a connection, and proves who the client is. Resolves when the server is ready for the first query.
 * Rejects with the server's error, or a ProtocolError, and when the connection ends before.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
export async function openSession(
  socket: Duplex,
  parameters: Readonly<Record<string, string>>,
  credentials: Credentials,
): Promise<Opened> {
  const frames = new Frames((type) => {
    if (EXPECTED.has(type)) return LONGEST
    throw new ProtocolError('the server does not answer as PostgreSQL does')
  })
  const authentication = new Authentication(credentials)
  const welcome = [ADMITTED, ...STANDBY]
  socket.write(startupMessage(parameters))
  for await (const { type, whole, size } of messages(socket, frames)) {
    if (type === ERROR) throw serverError(fieldsOf(whole, 0, whole.length))
    if (size > whole.length - HEADER) throw new ProtocolError(`the server opens a session with ${size} bytes`)
    if (type === NEGOTIATION) throw new ProtocolError('the server does not speak version 3.0 of the protocol')
    if (type === AUTHENTICATION) {
      const answer = await authentication.answer(whole.subarray(HEADER))
      if (answer !== undefined) socket.write(answer)
    } else if (type !== NOTICE && !authentication.done) {
      throw new ProtocolError('the server opens a session before it has authenticated the client')
    } else if (type === READY) {
      return { frames, welcome: Buffer.concat([...welcome, whole]) }
    } else if (type === BACKEND_KEY || (type === PARAMETER_STATUS && isEncoding(whole))) {
      welcome.push(whole)
    }
  }
  throw new Error('the server closed the connection')
}

/** The messages that arrive, one at a time. Whoever ends the loop gets the socket back as it was, paused. */
async function* messages(socket: Duplex, frames: Frames): AsyncGenerator<Message> {
  let count = 0
  const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    const arrived: Message[] = []
    frames.read(chunk, (type, bytes, start, end, size) => {
      if (++count > MOST) throw new ProtocolError(`the server opens a session with over ${MOST} messages`)
      arrived.push({ type, whole: bytes.subarray(start, end), size })
    })
    yield* arrived
  }
}
