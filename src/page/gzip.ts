import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import pLimit from 'p-limit'
import { Turns } from '../time/slices.ts'

const deflate = promisify(deflateRaw)

/** Compression level, 1 to 9: on such text 2 is as fast as 1 and compresses a little better. */
const LEVEL = 2
/** Limits the compressions that run at once, of all parts: each takes a quarter of a megabyte until it is done. */
const limit = pLimit(4)

/** The most chunks of a part that are written before they are compressed. */
const MAX_AHEAD = 4

/** A part of the page, as text and compressed. It never changes. */
export interface Part {
  readonly texts: readonly Buffer[]
  /** Raw deflate data without a last block. They end at a byte boundary and refer to nothing before them. */
  readonly deflated: readonly Buffer[]
}

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
    deflated.push(limit(() => deflate(text, { finishFlush: constants.Z_SYNC_FLUSH, level: LEVEL })))
    // A large part waits for its compressions here, so that it does not queue all of them at once.
    await deflated.at(-MAX_AHEAD)
    await turns.next()
  }
  return { texts, deflated: await Promise.all(deflated) }
}

/** The checksum and the length of texts, for a gzip trailer. */
export interface Sum {
  readonly crc: number
  readonly length: number
}

/** Returns the sum of parts that follow texts whose sum is `before`. */
export function sumOf(parts: readonly Part[], before: Sum = { crc: 0, length: 0 }): Sum {
  let { crc, length } = before
  for (const { texts } of parts) {
    for (const text of texts) {
      crc = crc32(text, crc)
      length += text.length
    }
  }
  return { crc, length }
}

/** Joins the texts of parts. */
export function joinTexts(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.flatMap(({ texts }) => texts))
}

/** Joins compressed parts to one gzip member, because curl and browsers do not read a second one. */
export function joinGzip(parts: readonly Part[], { crc, length }: Sum): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  return Buffer.concat([HEADER, ...parts.flatMap(({ deflated }) => deflated), LAST_BLOCK, trailer])
}
