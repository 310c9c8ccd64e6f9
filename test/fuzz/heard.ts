import { openGuarded } from '../../plugins/db/socket.ts'
import { message, zeroEnded } from '../../plugins/db/wire/message.ts'
import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { cutMessages } from './answers.ts'

/** Asked of a server of the test's own, it is answered with the longest of the true answers. */
export const ANYTHING = 'anything'

/** What a client hears of a server that is asked one question, until the server ends the connection. */
export async function hear(url: DatabaseUrl): Promise<Buffer> {
  const [endpoint] = url.endpoints
  if (endpoint === undefined) throw new Error('the URL has no endpoint')
  const { guard } = await openGuarded(endpoint, url, new AbortController().signal)
  const chunks: Buffer[] = []
  const closed = new Promise<void>((resolve) => guard.once('close', () => resolve()))
  guard.on('error', () => {}).on('data', (chunk: Buffer) => chunks.push(chunk))
  guard.write('the start of a session')
  guard.once('data', () => guard.write(message('Q', zeroEnded(ANYTHING))))
  await closed
  return Buffer.concat(chunks)
}

/** Throws when what a client hears is not whole messages, or when a row is not what it says that it is. */
export function checkHeard(bytes: Buffer): void {
  let columns = 0
  const rest = cutMessages(bytes, (heard) => {
    const type = heard.toString('latin1', 0, 1)
    if (type === 'T') columns = heard.readUInt16BE(5)
    if (type === 'D' && !isRow(heard, columns))
      throw new Error(`a row is not whole: ${heard.toString('hex')}`)
    if (!'RSKZTDCEIn123t'.includes(type)) throw new Error(`the client hears "${type}"`)
  })
  if (rest.length > 0) throw new Error(`the client hears half a message: ${rest.toString('hex')}`)
}

function isRow(row: Buffer, columns: number): boolean {
  let at = 7
  for (let i = 0; i < columns && at + 4 <= row.length; i++) at += 4 + Math.max(row.readInt32BE(at), 0)
  return row.length >= 7 && row.readUInt16BE(5) === columns && at === row.length
}
