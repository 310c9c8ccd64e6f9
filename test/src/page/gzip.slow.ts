import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { joinGzip, joinTexts, makePart, type Part, sumOf } from '../../../src/page/gzip.ts'
import { lacks } from '../../program.ts'

/** Bytes that a program may answer with: more than any page here has. */
const maxBuffer = 64 * 2 ** 20

const short = fc.oneof(
  fc.constantFrom('', 'a', '\n', '\0', '€', '🦀'),
  fc.string({ unit: 'binary', maxLength: 50 }),
)
/** Up to a few megabytes that barely compress, of characters of 1 to 4 bytes. */
const long = fc
  .record({ some: fc.string({ unit: 'binary', minLength: 40_000, maxLength: 50_000 }), times: fc.nat(20) })
  .map(({ some, times }) => some.repeat(times))
const page = (chunk: fc.Arbitrary<string>) => fc.array(fc.array(chunk, { maxLength: 6 }), { maxLength: 6 })
const smallPage = page(short)
/** Few, since each is worth megabytes. */
const anyPage = page(fc.oneof({ weight: 19, arbitrary: short }, { weight: 1, arbitrary: long }))

const makeParts = (pages: readonly (readonly string[])[]) => Promise.all(pages.map(makePart))

/** Whether another implementation makes of every page's gzip the page's bytes again. */
async function inflates(read: (gzip: Buffer) => Buffer | Promise<Buffer>, numRuns: number, of = anyPage) {
  await fc.assert(
    fc.asyncProperty(of, async (pages) => {
      const parts = await makeParts(pages)
      const inflated = await read(joinGzip(parts, sumOf(parts)))
      return inflated.equals(Buffer.from(pages.flat().join('')))
    }),
    { numRuns, examples: [[[]], [[[]]], [[['']]], [[['a']]], [[['€'.repeat(2 ** 20), 'b'], ['🦀']]]] },
  )
}

t.test('the texts of parts are their chunks, one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(anyPage, async (pages) =>
      joinTexts(await makeParts(pages)).equals(Buffer.from(pages.flat().join(''))),
    ),
    { numRuns: 30 },
  )
})

t.test('zlib inflates parts of any size to their texts', () => inflates((gzip) => gunzipSync(gzip), 30))

t.test('zlib inflates many small parts to their texts', () =>
  inflates((gzip) => gunzipSync(gzip), 1000, smallPage),
)

t.test('zcat inflates parts to their texts', { skip: lacks('zcat', 'gzip') }, () =>
  inflates((input) => run('zcat', [], input), 30),
)

t.test('Python inflates parts to their texts', { skip: lacks('python3', 'python3') }, () => {
  const script = 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))'
  return inflates((input) => run('python3', ['-c', script], input), 15)
})

t.test('Python finds nothing after the first gzip member', { skip: lacks('python3', 'python3') }, () => {
  const script = `
import sys, zlib
member = zlib.decompressobj(wbits=31)
text = member.decompress(sys.stdin.buffer.read())
assert member.eof and member.unused_data == b'', member.unused_data[:20]
sys.stdout.buffer.write(text)`
  return inflates((input) => run('python3', ['-c', script], input), 15)
})

t.test('curl inflates parts to their texts', { skip: lacks('curl', 'curl') }, async (t) => {
  let answer: Buffer = Buffer.alloc(0)
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': answer.length })
    response.end(answer)
  })
  await inflates(async (gzip) => {
    answer = gzip
    const args = ['--silent', '--show-error', '--fail', '--noproxy', '*', '--compressed', url]
    return (await promisify(execFile)('curl', args, { encoding: 'buffer', maxBuffer })).stdout
  }, 20)
})

t.test('fetch inflates parts to their texts, as a browser would', async (t) => {
  let answer: Buffer = Buffer.alloc(0)
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', connection: 'close' })
    response.end(answer)
  })
  await inflates(async (gzip) => {
    answer = gzip
    return Buffer.from(await (await fetch(url)).arrayBuffer())
  }, 20)
})

t.test('between the header and the trailer there is one deflate stream and nothing after it', async () => {
  await fc.assert(
    fc.asyncProperty(anyPage, async (pages) => {
      const parts = await makeParts(pages)
      const body = joinGzip(parts, sumOf(parts)).subarray(10, -8)
      // Unlike gunzip it stops at the first last block; it counts the bytes that it took.
      const { engine } = inflateRawSync(body, { info: true }) as unknown as {
        engine: { bytesWritten: number }
      }
      return engine.bytesWritten === body.length
    }),
    { numRuns: 30 },
  )
})

t.test('the sum of parts is the CRC-32 and the length of their text', async () => {
  await fc.assert(
    fc.asyncProperty(anyPage, async (pages) => {
      const parts = await makeParts(pages)
      const text = Buffer.from(pages.flat().join(''))
      const { crc, length } = sumOf(parts)
      return crc === crc32(text) && length === text.length
    }),
    { numRuns: 30 },
  )
})

t.test('a sum continues the sum of the parts before', async () => {
  await fc.assert(
    fc.asyncProperty(smallPage, smallPage, async (one, other) => {
      const [before, after] = [await makeParts(one), await makeParts(other)]
      const sum = sumOf(after, sumOf(before))
      const gzip = joinGzip([...before, ...after], sum)
      return gunzipSync(gzip).equals(Buffer.from([...one, ...other].flat().join('')))
    }),
    { numRuns: 300 },
  )
})

t.test('a part can be in many pages, at any place, and twice in one', async () => {
  await fc.assert(
    fc.asyncProperty(smallPage, fc.array(fc.nat(), { maxLength: 12 }), async (pages, order) => {
      const parts = await makeParts(pages)
      const places = parts.length === 0 ? [] : order.map((n) => n % parts.length)
      const picked = places.flatMap((place): Part[] => parts.slice(place, place + 1))
      const text = places.flatMap((place) => pages[place] ?? []).join('')
      return gunzipSync(joinGzip(picked, sumOf(picked))).equals(Buffer.from(text))
    }),
    { numRuns: 300 },
  )
})

t.test('a sum that is not that of the texts is noticed by who inflates', async (t) => {
  const part = await makePart(['a page'])
  const { crc, length } = sumOf([part])
  t.throws(() => gunzipSync(joinGzip([part], { crc: (crc ^ 1) >>> 0, length })), /incorrect data check/)
  t.throws(() => gunzipSync(joinGzip([part], { crc, length: length + 1 })), /incorrect length check/)
})

function run(program: string, args: readonly string[], input: Buffer): Buffer {
  const { error, status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer })
  if (error !== undefined) throw error
  if (status !== 0 || stderr.length > 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
  return stdout
}

async function serve(t: Test, listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
