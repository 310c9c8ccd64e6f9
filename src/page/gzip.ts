import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import pLimit from 'p-limit'
import { Turns } from '../time/slices.ts'

const deflate = promisify(deflateRaw)

/** Of 1 to 9: on such text it is as fast as 1, and makes a little less. */
const LEVEL = 2
/** Limits the compressions that run at once, of all parts: each takes a quarter of a megabyte until it is done. */
const limit = pLimit(4)

/** Chunks of one part that are written ahead of their compression. */
const AHEAD = 4

/** A piece of the page, as it is and compressed; made once and never changed. */
export interface Part {
  readonly texts: readonly Buffer[]
  /** Raw deflate data that end at the boundary of a byte and refer to nothing before them, without a last block. */
  readonly deflated: readonly Buffer[]
}

/** The id of gzip, no flags, no time, an unknown system: https://www.rfc-editor.org/rfc/rfc1952#section-2.3 */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** An empty last block: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6 */
const LAST_BLOCK = Buffer.from([0x03, 0x00])

/** Makes a part of its text: written in slices between which others are served, compressed in other threads. */
export async function makePart(chunks: Iterable<string>): Promise<Part> {
  const turns = new Turns()
  const texts: Buffer[] = []
  const deflated: Promise<Buffer>[] = []
  for (const chunk of chunks) {
    const text = Buffer.from(chunk)
    texts.push(text)
    deflated.push(limit(() => deflate(text, { finishFlush: constants.Z_SYNC_FLUSH, level: LEVEL })))
    // The text of a large part need not all be there before the first of it is compressed.
    await deflated.at(-AHEAD)
    await turns.next()
  }
  return { texts, deflated: await Promise.all(deflated) }
}

/** What a gzip trailer says of texts. */
export interface Sum {
  readonly crc: number
  readonly length: number
}

/** The sum of a text and then these parts. */
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

/** The texts of parts, one after the other. */
export function joinTexts(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.flatMap(({ texts }) => texts))
}

/** One gzip member of all parts: curl and browsers read no second one. */
export function joinGzip(parts: readonly Part[], { crc, length }: Sum): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  return Buffer.concat([HEADER, ...parts.flatMap(({ deflated }) => deflated), LAST_BLOCK, trailer])
}
