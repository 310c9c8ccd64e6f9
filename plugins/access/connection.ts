// A connection to a listener: what it asks, and what is dropped. Imports nothing of the service.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What ends the headers of a request. */
const HEAD_END = '\r\n\r\n'
const [CR, LF] = Buffer.from('\r\n')

/** Requests after which a connection ends. */
const REQUESTS = 100

/** A connection, and the one request of it that is being answered. */
export class Connection {
  /** The socket that requests come from: with TLS, the encrypted one once its handshake is over. */
  socket: Socket
  /** When it last began to wait for a request, in milliseconds of the monotonic clock. */
  idleSince = performance.now()
  #request: IncomingMessage | undefined
  #response: ServerResponse | undefined
  #dropping = false
  /** How many requests it may still make. */
  #left = REQUESTS

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Whether the service is at work for it. Waiting for the rest of a request is not, nor for what the client reads. */
  get isBusy(): boolean {
    return this.isAnswered && this.#response?.writableEnded === false
  }

  /** Whether it has sent a whole request, and has not got the whole answer. */
  get isAnswered(): boolean {
    return this.#request?.complete === true
  }

  /** Takes a request that is to be answered. `done` is called when it has been, or the connection is gone. */
  answer(request: IncomingMessage, response: ServerResponse, done: () => void): void {
    this.#request = request
    this.#response = response
    // With its own limit, Node.js would not close the connection but answer everything else by a 503.
    if (--this.#left === 0) response.shouldKeepAlive = false
    response.once('close', () => {
      this.#request = undefined
      this.#response = undefined
      this.idleSince = performance.now()
      done()
      // The rest of a request that is answered already is for nobody.
      if (this.#dropping || !request.complete) this.socket.destroySoon()
    })
  }

  /** Closes the connection: at once, or as soon as the answer is sent. */
  close(): void {
    if (this.#request === undefined) this.socket.destroy()
    else this.#drop()
  }

  /**
   * Lets the parser see no further request while one is unanswered. Node.js makes objects for each request that a
   * segment has, fifteen hundred in 64 kB, and keeps them until they are answered. What comes too early is dropped, and
   * so is the body of a GET. The connection ends with the answer then. `dropped` is called when that begins.
   */
  readOneByOne(dropped: () => void): void {
    const { socket } = this
    const parsers = socket.listeners('data')
    socket.on('data', (chunk: Buffer) => {
      for (const piece of piecesOf(chunk)) {
        if (this.#dropping || socket.destroyed) return
        if (this.isAnswered || this.#hasUselessBody) {
          this.#drop()
          dropped()
          return
        }
        for (const parse of parsers) parse.call(socket, piece)
      }
    })
    for (const parse of parsers) socket.off('data', parse as (chunk: Buffer) => void)
  }

  get #hasUselessBody(): boolean {
    return this.#request?.complete === false && this.#request.method !== 'POST'
  }

  #drop(): void {
    this.#dropping = true
    if (this.#response?.headersSent === false) this.#response.shouldKeepAlive = false
  }
}

/** Cuts what was received after each blank line, so that a piece ends at most one request. */
function* piecesOf(chunk: Buffer): Generator<Buffer> {
  for (let from = 0; from < chunk.length; ) {
    const end = chunk.indexOf(HEAD_END, from)
    let to = end === -1 ? chunk.length : end + HEAD_END.length
    // Any number of blank lines is one piece, because a piece costs more than its bytes.
    while (chunk[to] === CR || chunk[to] === LF) to++
    yield from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
    from = to
  }
}
