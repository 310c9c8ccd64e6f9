import { constants, createDeflateRaw, type DeflateRaw } from 'node:zlib'

/** Of levels 1 to 9: on such text 2 is as fast as 1 and compresses a little better. */
const LEVEL = 2

/**
 * Compresses texts one after the other on a thread of the pool. All of them go through one stream: the memory of a new one
 * would take several times as long to get, for most texts, as their compression.
 */
export class Deflater {
  #stream: DeflateRaw | undefined
  #found: Buffer[] = []

  /** Returns raw deflate data without a last block. They end at a byte boundary and refer to nothing before them. */
  deflate(text: Buffer): Promise<Buffer> {
    const stream = this.#stream ?? this.#open()
    return new Promise((resolve, reject) => {
      // It is called when everything before it is compressed, so that what was found is of this text.
      stream.write(text, (error) => {
        const found = this.#found
        this.#found = []
        if (error === undefined || error === null) resolve(Buffer.concat(found))
        else reject(error)
      })
    })
  }

  #open(): DeflateRaw {
    const stream = createDeflateRaw({ level: LEVEL, flush: constants.Z_FULL_FLUSH })
    stream.on('data', (chunk: Buffer) => this.#found.push(chunk))
    stream.on('error', () => {
      this.#stream = undefined
    })
    this.#stream = stream
    return stream
  }
}
