import type net from 'node:net'
import { Duplex } from 'node:stream'
import type { Endpoint } from '../../../src/config/database-url.ts'
import type { RowReceiver } from '../../../src/query/client.ts'
import { type Frames, ProtocolError } from './frames.ts'
import { limitOf, malformed, tooLong } from './limits.ts'
import * as type from './message.ts'
import { columnsOf, HEADER, isEncoding, isWhole, message, type Parsers, zeroEnded } from './message.ts'
import type { Opened } from './opening.ts'
import { Requests } from './requests.ts'
import { errorMessage, fieldsOf, ownError, serverError } from './server-error.ts'

/** Ends a COPY, and what was sent after it. */
const COPY_FAIL = Buffer.concat([message('f', zeroEnded('not supported')), message('S')])

/**
 * What the client speaks through, in place of the socket: a connection whose session is open already. The server's messages
 * reach the client only if they are whole and of a kind that it can take, errors with their texts cut, so that no server, and
 * nobody in between, makes it wait, fail or fill the memory. Anything else ends the connection. A query that asks for more
 * than rows of a size fails alone.
 */
export class Guard extends Duplex {
  readonly host: string
  readonly port: number
  readonly #socket: net.Socket
  readonly #frames: Frames
  /** What the client is told when it opens the session that is open. */
  #welcome: Buffer | undefined
  /** The values of each row, by the description before. */
  #columns = 0
  readonly #requests = new Requests()
  /** What gets the rows of the next query, or of the one that was `sent`, in place of the client. */
  #taker: { readonly receiver: RowReceiver; readonly parsers: Parsers; sent: boolean } | undefined
  /** Whether the client was told already that its query has failed. */
  #refused = false
  /** Why the server closes the connection: it may say so after its answer, when the client does not listen. */
  #last: Error | undefined

  constructor(socket: net.Socket, { frames, welcome }: Opened, { host, port }: Endpoint) {
    super()
    this.host = host
    this.port = port
    this.#socket = socket
    this.#frames = frames
    this.#welcome = welcome
    frames.limitOf = limitOf
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    // The client takes whatever comes before the welcome for it.
    socket.pause()
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy(this.#last))
  }

  /** As a socket has it: the client says goodbye only through one that is open. */
  get readyState(): string {
    return this.destroyed ? 'closed' : this.#socket.readyState
  }

  /** Gives the rows of the next query to a receiver: see Wire. `parsers` has what the client makes of texts, by their types. */
  takeRows(receiver: RowReceiver, parsers: Parsers): () => void {
    if (this.#taker !== undefined || this.#requests.running) throw new Error('another query is running')
    const taker = { receiver, parsers, sent: false }
    this.#taker = taker
    return () => {
      if (this.#taker === taker && !taker.sent) this.#taker = undefined
    }
  }

  override _read(): void {
    if (this.#welcome === undefined) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#welcome === undefined) {
      this.#requests.add(chunk)
      if (this.#taker !== undefined) this.#taker.sent = true
      this.#socket.write(chunk, done)
      return
    }
    // What the client opens a session with. It forgets what it would say while it is still writing.
    setImmediate(() => {
      const welcome = this.#welcome
      this.#welcome = undefined
      this.push(welcome)
    })
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  /** Passes on what may be passed on, as few pieces as possible, and keeps nothing of the chunk. */
  #receive(chunk: Buffer): void {
    // The socket reads as many chunks as the kernel has, and so would hold the event loop during a large result.
    this.#socket.pause()
    const pieces: Buffer[] = []
    let run: { bytes: Buffer; from: number; to: number } | undefined
    const flush = () => {
      if (run !== undefined) pieces.push(run.bytes.subarray(run.from, run.to))
      run = undefined
    }
    try {
      this.#frames.read(chunk, (kind, bytes, start, end, size) => {
        const passed = this.#judge(kind, bytes, start, end, size)
        if (passed === true) {
          if (run?.to === start) run.to = end
          else {
            flush()
            run = { bytes, from: start, to: end }
          }
        } else if (passed !== false) {
          flush()
          pieces.push(passed)
        }
      })
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
      return
    }
    flush()
    // The client may take a piece later.
    const more = pieces.map((piece) => this.push(Buffer.from(piece))).every(Boolean)
    giveBack(chunk)
    if (more) setImmediate(() => this.#socket.resume())
  }

  /** Returns whether a message is passed on, or what is in its place. */
  #judge(kind: number, bytes: Buffer, start: number, end: number, size: number): boolean | Buffer {
    switch (kind) {
      case type.NOTICE:
      case type.NOTIFICATION:
      case type.COPY_DATA:
        return false
      case type.PARAMETER_STATUS:
        return isEncoding(bytes, start, end)
      case type.ERROR: {
        const fields = fieldsOf(bytes, start, end)
        if (fields.get('S') === 'FATAL' || fields.get('V') === 'FATAL') this.#last = serverError(fields)
        return !this.#refused && errorMessage(fields)
      }
    }
    if (!this.#requests.answer(kind)) throw malformed(kind)
    switch (kind) {
      case type.COPY_DONE:
        if (this.#refused) return false
        throw malformed(kind)
      case type.COPY_IN:
        this.#socket.write(COPY_FAIL)
        return this.#refuse(COPY)
      case type.COPY_OUT:
        return this.#refuse(COPY)
    }
    const long = size > end - start - HEADER
    if (long && kind === type.DATA_ROW) return this.#refuse(tooLong(size))
    if (long) throw new ProtocolError(`the server sends a message of ${size} bytes that is no row`)
    if (kind === type.ROW_DESCRIPTION) this.#columns = size < 2 ? 0 : bytes.readUInt16BE(start + HEADER)
    if (!isWhole(kind, bytes, start, end, this.#columns)) throw malformed(kind)
    if (kind === type.READY) {
      this.#refused = false
      this.#taker = undefined
      return true
    }
    if (this.#refused) return false
    if (this.#taker !== undefined) {
      const { receiver, parsers } = this.#taker
      if (kind === type.ROW_DESCRIPTION) receiver.columns(columnsOf(bytes, start, parsers))
      if (kind === type.DATA_ROW) receiver.row(bytes, start + HEADER + 2)
    }
    return kind !== type.DATA_ROW || this.#taker === undefined
  }

  /** Says to the client that its query has failed, and no more until the server is ready for the next one. */
  #refuse(error: ReadonlyMap<string, string>): boolean | Buffer {
    if (this.#refused) return false
    this.#refused = true
    return errorMessage(error)
  }
}

/**
 * Gives the memory of a chunk back, of which nothing is used any more. A large result comes in a hundred of them, which would
 * wait for the garbage collector while the kernel hands out others.
 */
function giveBack({ buffer, length }: Buffer): void {
  // A small one may share its memory.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}

/** feature_not_supported */
const COPY = ownError('0A000', 'its query is a COPY', 'write one SELECT')
