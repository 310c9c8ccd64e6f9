import { createHmac, pbkdf2Sync } from 'node:crypto'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { asks, READY, SCRAM, says } from '../security/rogue.ts'

/** What a client says at once, by which its answer is known: numbers in it differ from run to run. */
export type Request = string

/** What a server has answered: the messages that open a session, and those of each request. */
export interface Answers {
  readonly opening: readonly Buffer[]
  readonly answers: ReadonlyMap<Request, readonly Buffer[]>
}

/** The way in which a client has to prove who it is. */
export const METHODS = ['trust', 'md5', 'scram'] as const
export type Method = (typeof METHODS)[number]

/** Cuts whole messages of a type from the bytes of one side, and returns what is left. */
export function cutMessages(bytes: Buffer, take: (message: Buffer) => void): Buffer {
  let at = 0
  while (bytes.length - at >= 5) {
    const end = at + 1 + bytes.readUInt32BE(at + 1)
    if (end > bytes.length) break
    take(bytes.subarray(at, end))
    at = end
  }
  return bytes.subarray(at)
}

/** Listens to a client: tells its requests, whole. The start of a session is an empty one, a proof begins with "p". */
export function listen(socket: net.Socket, receive: (request: Request, message: Buffer) => void): void {
  let pending = Buffer.alloc(0)
  let started = false
  let request = ''
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    if (!started) {
      if (pending.length < 4 || pending.length < pending.readUInt32BE(0)) return
      started = true
      pending = pending.subarray(pending.readUInt32BE(0))
      receive('', Buffer.alloc(0))
    }
    pending = cutMessages(pending, (message) => {
      request += message.toString('latin1').replaceAll(/[^\p{L}\p{S}\p{P}\s]+/gu, '#')
      if (!'QSpX'.includes(String.fromCharCode(message.readUInt8(0)))) return
      const whole = request
      request = ''
      receive(whole, message)
    }) as Buffer<ArrayBuffer>
  })
}

/** Lets a client speak with a true server, and keeps what that answers. */
export async function record(target: URL, speak: (url: string) => Promise<unknown>): Promise<Answers> {
  let opening: readonly Buffer[] = []
  const answers = new Map<Request, readonly Buffer[]>()
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname)
    // A client may ask on before it is answered: an answer ends when the server is ready for the next request.
    const asked: Request[] = []
    let messages: Buffer[] = []
    let pending = Buffer.alloc(0)
    client.on('error', () => {}).pipe(upstream)
    upstream.on('error', () => {}).pipe(client)
    listen(client, (request) => {
      if (!request.startsWith('p')) asked.push(request)
    })
    upstream.on('data', (chunk: Buffer) => {
      pending = cutMessages(Buffer.concat([pending, chunk]), (message) => {
        // What proves that the client may come in is the test's own.
        if (message[0] !== 'R'.charCodeAt(0)) messages.push(Buffer.from(message))
        if (message[0] !== 'Z'.charCodeAt(0)) return
        const request = asked.shift()
        if (request === '') opening = messages
        else if (request !== undefined) answers.set(request, messages)
        messages = []
      }) as Buffer<ArrayBuffer>
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  await speak(`${url.href}?sslmode=disable`)
  server.close()
  return { opening, answers }
}

/** The server's side of the authentication: what it asks first, and after each proof of the client. */
export function authentication(method: Method, password: string): (proof: Buffer | undefined) => Buffer {
  if (method === 'trust') return () => asks(0)
  if (method === 'md5') return (proof) => (proof === undefined ? asks(5, 'salt') : asks(0))
  const salt = Buffer.from('a salt of the test')
  const salted = pbkdf2Sync(password, salt, 2, 32, 'sha256')
  let bare = ''
  let first = ''
  return (proof) => {
    if (proof === undefined) return SCRAM
    const text = proof.toString('latin1')
    const [, nonce] = /n=,r=([^,]+)$/.exec(text) ?? []
    if (nonce !== undefined) {
      bare = `n=,r=${nonce}`
      first = `r=${nonce}more,s=${salt.toString('base64')},i=2`
      return asks(11, first)
    }
    const [, unproven = ''] = /(c=.*),p=/.exec(text) ?? []
    const key = createHmac('sha256', salted).update('Server Key').digest()
    const signature = createHmac('sha256', key).update(`${bare},${first},${unproven}`).digest('base64')
    return Buffer.concat([asks(12, `v=${signature}`), asks(0)])
  }
}

/** What is answered to what nobody has asked before. */
export const NOTHING: readonly Buffer[] = [says('C', 'SELECT 0\0'), READY]
