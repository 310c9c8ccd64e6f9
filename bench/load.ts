import { once } from 'node:events'
import net from 'node:net'
import { answer } from './answer.ts'
import { median } from './median.ts'

// Scrapes as fast as it gets answers, with as little work of its own as can be: the server is to be the slower side.

export interface LoadQuestion {
  readonly port: number
  readonly gzip: boolean
  readonly connections: number
  /** How long to go on; scrapes that have begun by then are finished and counted. */
  readonly seconds: number
}

export interface LoadAnswer {
  /** Scrapes a second. */
  readonly rate: number
  /** The median of a scrape, in milliseconds. */
  readonly latency: number
  /** The length of the last answer. */
  readonly bytes: number
}

/** How a chunked answer ends. */
const END = '\r\n0\r\n\r\n'

/** One connection, kept alive, on which one scrape follows the other. */
class Scraper {
  readonly #port: number
  readonly #request: string
  #socket: net.Socket | undefined
  /** Whether the server ends the connection with this answer, as it may after a number of them. */
  #ends = false
  #answered = Promise.withResolvers<number>()
  #bytes = 0
  /** Bytes of the body that are still to come: unknown when it comes in chunks. */
  #rest: number | undefined
  #tail = ''

  constructor(port: number, gzip: boolean) {
    this.#port = port
    const encoding = gzip ? 'gzip' : 'identity'
    this.#request = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept-Encoding: ${encoding}\r\n\r\n`
  }

  async connect(): Promise<void> {
    this.close()
    // Read into the same memory again and again, of which nothing but the end is looked at.
    const buffer = Buffer.alloc(1 << 18)
    const callback = (length: number) => {
      this.#take(buffer.subarray(0, length))
      return true
    }
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', onread: { buffer, callback } })
    socket.setNoDelay()
    socket.on('close', () => {
      if (!this.#ends) this.#answered.reject(new Error(`port ${this.#port} closed the connection`))
    })
    this.#socket = socket
    await once(socket, 'connect')
    this.#ends = false
  }

  /** Resolves to the length of the answer. */
  async scrape(): Promise<number> {
    if (this.#ends) await this.connect()
    this.#answered = Promise.withResolvers()
    this.#bytes = 0
    this.#socket?.write(this.#request)
    return this.#answered.promise
  }

  close(): void {
    this.#socket?.removeAllListeners('close').destroy()
  }

  #take(chunk: Buffer): void {
    let length = chunk.length
    if (this.#bytes === 0) {
      const end = chunk.indexOf('\r\n\r\n')
      const head = chunk.toString('latin1', 0, end)
      if (end < 0 || !head.startsWith('HTTP/1.1 200 ')) {
        this.#answered.reject(new Error(`not an answer to a scrape: ${head.split('\r\n')[0]}`))
      }
      this.#ends = /\r\nconnection: close/i.test(head)
      const declared = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
      this.#rest = declared === undefined ? undefined : Number(declared)
      this.#tail = ''
      length -= end + 4
    }
    this.#bytes += chunk.length
    if (this.#rest === undefined) {
      this.#tail = (this.#tail + chunk.subarray(-END.length).toString('latin1')).slice(-END.length)
      if (this.#tail === END) this.#answered.resolve(this.#bytes)
    } else {
      this.#rest -= length
      if (this.#rest === 0) this.#answered.resolve(this.#bytes)
    }
  }
}

async function load({ port, gzip, connections, seconds }: LoadQuestion): Promise<LoadAnswer> {
  const scrapers = Array.from({ length: connections }, () => new Scraper(port, gzip))
  await Promise.all(scrapers.map((scraper) => scraper.connect()))
  // The first scrape may be the one for which a page is made.
  await Promise.all(scrapers.map((scraper) => scraper.scrape()))
  const times: number[] = []
  let bytes = 0
  const started = performance.now()
  const until = started + seconds * 1000
  const work = async (scraper: Scraper) => {
    for (let asked = started; asked < until; ) {
      bytes = await scraper.scrape()
      const now = performance.now()
      times.push(now - asked)
      asked = now
    }
  }
  await Promise.all(scrapers.map(work))
  const rate = (times.length / (performance.now() - started)) * 1000
  for (const scraper of scrapers) scraper.close()
  return { rate, latency: median(times), bytes }
}

answer({}, load)
