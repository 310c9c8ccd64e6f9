import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { PROBES } from '../../plugins/db/pooler.ts'
import { says } from '../security/rogue.ts'
import { type Answers, authentication, cutMessages, listen, NOTHING } from './answers.ts'
import { ANYTHING } from './heard.ts'
import { edited, type Manner, TRUE } from './manner.ts'

/** What asks where a statement runs. */
const PLACE = String(PROBES[0])

/** Milliseconds after which a server gives up a client that waits for more than it was sent, or for no more. */
const PATIENCE = 15
const LONG_PATIENCE = 5000

/** A server of the test's own that answers as a true one has, each connection in a manner of its own. */
export class RogueServer {
  /** How it treats the next connections; all later ones as a true server would. */
  readonly manners: Manner[] = []
  /** How many messages it has sent. */
  messages = 0
  /** How many answers were those of a request that was recorded. */
  known = 0
  readonly #sockets = new Set<Socket>()
  readonly #recorded: Answers
  readonly #server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket))

  constructor(recorded: Answers) {
    this.#recorded = recorded
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `postgres://metrics:s3cr3t@127.0.0.1:${(this.#server.address() as AddressInfo).port}/app?sslmode=disable`
  }

  get open(): number {
    return this.#sockets.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    const manner = this.manners.shift() ?? TRUE
    const next = authentication(manner.method, 's3cr3t')
    const last = Math.max(...manner.edits.map(({ turn }) => turn))
    let turn = 0
    let pid: Buffer | undefined
    const patience = setTimeout(() => socket.destroy(), manner === TRUE ? LONG_PATIENCE : PATIENCE)
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(patience)
      this.#sockets.delete(socket)
    })
    listen(socket, (request, message) => {
      patience.refresh()
      if (request.startsWith('X')) return socket.end()
      const recorded = this.#answer(request, message, next)
      // Where a statement runs is asked of each session, and the answers are of several.
      const asksPlace = request.includes(PLACE)
      const answer = asksPlace && pid !== undefined ? ofProcess(recorded, pid) : recorded
      if (!asksPlace) pid = pidIn(recorded) ?? pid
      const wrong = manner.edits.filter((edit) => edit.turn === turn)
      const bytes = Buffer.concat(wrong.reduce(edited, answer))
      cutMessages(bytes, () => this.messages++)
      const ends = turn++ === last
      void write(socket, bytes, manner.chunks).then(() => {
        patience.refresh()
        if (ends && manner.end === 'end') socket.end()
        if (ends && manner.end === 'reset') socket.resetAndDestroy()
      })
    })
  }

  #answer(request: string, message: Buffer, next: (proof: Buffer | undefined) => Buffer): readonly Buffer[] {
    if (request === '' || request.startsWith('p')) {
      const asked = next(request === '' ? undefined : message)
      // Let in: what the session begins with comes with it.
      return asked.subarray(-4).readUInt32BE(0) === 0 ? [asked, ...this.#recorded.opening] : [asked]
    }
    const { answers } = this.#recorded
    const answer = request.includes(ANYTHING)
      ? [...answers.values()].toSorted((a, b) => b.length - a.length)[0]
      : answers.get(request)
    if (answer !== undefined) this.known++
    return answer ?? NOTHING
  }
}

/** The value of the last column of the name `pid` in an answer that begins a transaction. */
function pidIn(answer: readonly Buffer[]): Buffer | undefined {
  const description = answer.findLast(
    (message) => message.toString('latin1', 0, 1) === 'T' && message.includes('pid\0'),
  )
  if (description === undefined) return undefined
  const names: string[] = []
  for (let at = 7; at < description.length; at = description.indexOf(0, at) + 19) {
    names.push(description.toString('utf8', at, description.indexOf(0, at)))
  }
  const row = answer
    .slice(answer.indexOf(description))
    .find((message) => message.toString('latin1', 0, 1) === 'D')
  if (row === undefined) return undefined
  let at = 7
  for (const name of names) {
    const length = row.readInt32BE(at)
    if (name === 'pid') return row.subarray(at, at + 4 + length)
    at += 4 + Math.max(length, 0)
  }
  return undefined
}

/** An answer of one column with the value of another process. */
function ofProcess(answer: readonly Buffer[], pid: Buffer): readonly Buffer[] {
  return answer.map((message) =>
    message.toString('latin1', 0, 1) === 'D' ? says('D', Buffer.concat([Buffer.from([0, 1]), pid])) : message,
  )
}

/** Writes bytes in pieces of these sizes, twenty at most. */
async function write(socket: Socket, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  let at = 0
  for (let i = 0; sizes.length > 0 && i < 20 && at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    socket.write(bytes.subarray(at, at + size))
    at += size
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  if (at < bytes.length && !socket.destroyed) socket.write(bytes.subarray(at))
}
