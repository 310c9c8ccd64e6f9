import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Body, gzipBody, makePart, type Part, sumOf, textBody } from '../../../src/page/gzip.ts'
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

/** The bytes of a body, whose length is that which it says. */
function bytesOf({ pieces, length }: Body): Buffer {
  const bytes = Buffer.concat(pieces)
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes are said to be ${length}`)
  return bytes
}

const gzip = (...[parts, sum]: Parameters<typeof gzipBody>) => bytesOf(gzipBody(parts, sum))

const makeParts = (pages: readonly (readonly string[])[]) => Promise.all(pages.map(makePart))

/** Whether another implementation makes of every page's gzip the page's bytes again. */
async function inflates(read: (gzip: Buffer) => Buffer | Promise<Buffer>, numRuns: number, of = anyPage) {
  await fc.assert(
    fc.asyncProperty(of, async (pages) => {
      const parts = await makeParts(pages)
      const inflated = await read(gzip(parts, sumOf(parts)))
      return inflated.equals(Buffer.from(pages.flat().join('')))
    }),
    { numRuns, examples: [[[]], [[[]]], [[['']]], [[['a']]], [[['€'.repeat(2 ** 20), 'b'], ['🦀']]]] },
  )
}

t.test('the texts of parts are their chunks, one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(anyPage, async (pages) =>
      bytesOf(textBody(await makeParts(pages))).equals(Buffer.from(pages.flat().join(''))),
    ),
    { numRuns: 30 },
  )
})

t.test('no large text of a part is copied, and small ones are few pieces', async (t) => {
  const large = 'a'.repeat(2 ** 18)
  const texts = [['a', 'b'], [large], [large, 'c'], Array.from({ length: 10_000 }, () => 'd'.repeat(100))]
  const parts = await makeParts(texts)
  const { pieces } = textBody(parts)
  const larges = parts.flatMap(({ texts }) => texts.filter(({ length }) => length === large.length))
  t.equal(larges.length, 2)
  for (const one of larges) t.ok(pieces.includes(one))
  t.ok(pieces.length < 50, `${pieces.length} pieces`)
})

t.test('zlib inflates parts of any size to their texts', () => inflates((bytes) => gunzipSync(bytes), 30))

t.test('zlib inflates many small parts to their texts', () =>
  inflates((bytes) => gunzipSync(bytes), 1000, smallPage),
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
      const body = gzip(parts, sumOf(parts)).subarray(10, -8)
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
      return gunzipSync(gzip([...before, ...after], sum)).equals(
        Buffer.from([...one, ...other].flat().join('')),
      )
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
      return gunzipSync(gzip(picked, sumOf(picked))).equals(Buffer.from(text))
    }),
    { numRuns: 300 },
  )
})

t.test('a sum that is not that of the texts is noticed by who inflates', async (t) => {
  const part = await makePart(['a page'])
  const { crc, length } = sumOf([part])
  t.throws(() => gunzipSync(gzip([part], { crc: (crc ^ 1) >>> 0, length })), /incorrect data check/)
  t.throws(() => gunzipSync(gzip([part], { crc, length: length + 1 })), /incorrect length check/)
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
