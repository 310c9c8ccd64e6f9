import { Turns } from '../time/slices.ts'
import { followedBy, type PartSum, type Sum, sumOfTexts } from './crc.ts'
import { Deflater } from './deflater.ts'

/** Those of all parts. They take turns, so that a large part uses more than one core. */
const DEFLATERS = [new Deflater(), new Deflater()] as const
let turn: 0 | 1 = 0

/** The most chunks of a part that are written before they are compressed. */
const MAX_AHEAD = 4

/** A part of the page, as text and compressed. It never changes. */
export interface Part {
  readonly texts: readonly Buffer[]
  /** Raw deflate data without a last block. They end at a byte boundary and refer to nothing before them. */
  readonly deflated: readonly Buffer[]
  readonly sum: PartSum
}

/** What a scrape gets: bytes in pieces, which may belong to parts, and their number. */
export interface Body {
  readonly pieces: readonly Buffer[]
  readonly length: number
}

/** Bytes of a piece that is joined, at the most: as `npm start` runs the service, the kernel hands out what is larger. */
const PIECE = 32_000

/** A gzip header without flags and time, from an unknown system: https://www.rfc-editor.org/rfc/rfc1952#section-2.3 */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** An empty last block: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6 */
const LAST_BLOCK = Buffer.from([0x03, 0x00])

/** Makes a part of its text. Other requests are served between chunks, and threads of the pool compress them. */
export async function makePart(chunks: Iterable<string | Buffer>): Promise<Part> {
  const turns = new Turns()
  const texts: Buffer[] = []
  const deflated: Promise<Buffer>[] = []
  for (const chunk of chunks) {
    const text = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    texts.push(text)
    deflated.push(deflate(text))
    // A large part waits for its compressions here, so that it does not queue all of them at once.
    await deflated.at(-MAX_AHEAD)
    await turns.next()
  }
  return { texts, deflated: await Promise.all(deflated), sum: sumOfTexts(texts) }
}

function deflate(text: Buffer): Promise<Buffer> {
  turn = turn === 0 ? 1 : 0
  return DEFLATERS[turn].deflate(text)
}

/** Returns the sum of parts that follow texts whose sum is `before`. */
export function sumOf(parts: readonly Part[], before: Sum = { crc: 0, length: 0 }): Sum {
  return parts.reduce((sum, part) => followedBy(sum, part.sum), before)
}

/** Returns the texts of parts as a body. */
export function textBody(parts: readonly Part[]): Body {
  return bodyOf(parts.flatMap(({ texts }) => texts))
}

/** Returns compressed parts as a body: one gzip member, because curl and browsers do not read a second one. */
export function gzipBody(parts: readonly Part[], { crc, length }: Sum): Body {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  return bodyOf([HEADER, ...parts.flatMap(({ deflated }) => deflated), LAST_BLOCK, trailer])
}

/** Joins small neighbours, and leaves a large buffer as it is: a copy of a large page takes memory, and time to get it. */
function bodyOf(buffers: readonly Buffer[]): Body {
  const pieces: Buffer[] = []
  let joined: Buffer[] = []
  let size = 0
  let length = 0
  for (const buffer of buffers) {
    if (size > 0 && size + buffer.length > PIECE) {
      pieces.push(join(joined, size))
      joined = []
      size = 0
    }
    joined.push(buffer)
    size += buffer.length
    length += buffer.length
  }
  pieces.push(join(joined, size))
  return { pieces, length }
}

function join(buffers: readonly Buffer[], size: number): Buffer {
  const [first] = buffers
  return first !== undefined && buffers.length === 1 ? first : Buffer.concat(buffers, size)
}
