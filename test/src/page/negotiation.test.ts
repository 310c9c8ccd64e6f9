import fc from 'fast-check'
import t from 'tap'
import { acceptsGzip, negotiateFormat } from '../../../src/page/negotiation.ts'
import type { Format } from '../../../src/page/syntax.ts'

const OPENMETRICS = 'application/openmetrics-text'

const formats: [what: string, accept: string | undefined, format: Format][] = [
  ['no header', undefined, 'text'],
  ['an empty header', '', 'text'],
  ["curl's", '*/*', 'text'],
  [
    "a browser's",
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    'text',
  ],
  [
    'that of Prometheus 2.42',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'that of Prometheus 3',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  [
    'that of a Prometheus which prefers protobuf',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  [
    'that of a Prometheus which prefers text',
    'text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2',
    'text',
  ],
  ['that of a Prometheus which wants text only', 'text/plain;version=0.0.4;q=0.5,*/*;q=0.4', 'text'],
  ['OpenMetrics of any version', OPENMETRICS, 'openmetrics'],
  ['OpenMetrics of a version that there is not', `${OPENMETRICS};version=0.0.1`, 'text'],
  ['text of any version', 'text/plain', 'text'],
  ['only types that there are not', 'application/json, image/png', 'text'],
  ['an unknown type before a known one', `application/json, ${OPENMETRICS};q=0.1`, 'openmetrics'],
  [
    'text of another version before OpenMetrics',
    `text/plain;version=1.0.0, ${OPENMETRICS};q=0.5`,
    'openmetrics',
  ],
  ['OpenMetrics less than text', `${OPENMETRICS};q=0.4, text/plain;q=0.5`, 'text'],
  ['OpenMetrics more than text', `text/plain;q=0.4, ${OPENMETRICS};q=0.5`, 'openmetrics'],
  ['OpenMetrics less than any text', `${OPENMETRICS};q=0.4, text/*;q=0.5`, 'text'],
  ['OpenMetrics less than anything', `${OPENMETRICS};q=0.001, */*`, 'text'],
  ['OpenMetrics more than anything', `*/*;q=0.999, ${OPENMETRICS};q=1.000`, 'openmetrics'],
  ['no OpenMetrics', `${OPENMETRICS};q=0, */*;q=0.001`, 'text'],
  ['no OpenMetrics and nothing else', `${OPENMETRICS};q=0.000`, 'text'],
  ['a q before the version', `${OPENMETRICS};q=0.4;version=1.0.0, text/plain;q=0.3`, 'openmetrics'],
  ['a version in quotes', `${OPENMETRICS};version="1.0.0"`, 'openmetrics'],
  ['another version in quotes', `${OPENMETRICS};version="2.0.0"`, 'text'],
  ['a q in quotes', `${OPENMETRICS};q="0.2", text/plain;q="0.1"`, 'openmetrics'],
  ['a q within a quoted parameter', `${OPENMETRICS};version=1.0.0;x="a;q=0"`, 'openmetrics'],
  ['a version within a quoted parameter', `${OPENMETRICS};x="a;version=0.0.1"`, 'openmetrics'],
  ['an item within a quoted parameter', `${OPENMETRICS};x=", text/plain";q=0.5, */*;q=0.4`, 'openmetrics'],
  ['a quote within a quoted parameter', `${OPENMETRICS};x="a\\";q=0";q=0.5, text/plain;q=0.4`, 'openmetrics'],
  [
    'that of a Prometheus which escapes names, and a charset',
    'application/openmetrics-text;version=1.0.0;escaping=underscores;charset=utf-8;q=0.6,text/plain;version=0.0.4;charset=utf-8;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  ['upper case', 'Application/OpenMetrics-Text; Version=1.0.0; Q=0.5, TEXT/PLAIN; Q=0.1', 'openmetrics'],
  ['odd whitespace', `\t ${OPENMETRICS} ;\t version = 1.0.0 ; q = 0.5 ,text/plain;q=0.1\t`, 'openmetrics'],
  ['empty items', `,, ,${OPENMETRICS},;,`, 'openmetrics'],
  ['empty parameters', `${OPENMETRICS};;version=1.0.0; ;`, 'openmetrics'],
  ['a q that is no number', `${OPENMETRICS};q=high, text/plain;q=0.1`, 'text'],
  ['a q past 1', `${OPENMETRICS};q=7, text/plain;q=0.1`, 'text'],
  ['a negative q', `${OPENMETRICS};q=-1, text/plain;q=0.1`, 'text'],
  ['a q that is empty', `${OPENMETRICS};q=, text/plain;q=0.1`, 'text'],
  ['a type that only begins as one that there is', `${OPENMETRICS}s, ${OPENMETRICS}/1`, 'text'],
  ['nonsense', ';q=1;;=,==;"', 'text'],
]
for (const [what, accept, format] of formats) {
  t.test(`an Accept header with ${what} is answered with ${format}`, async (t) => {
    t.equal(negotiateFormat(accept), format)
  })
}

const encodings: [what: string, acceptEncoding: string | undefined, gzip: boolean][] = [
  ['no header', undefined, false],
  ['an empty header', '', false],
  ["Prometheus'", 'gzip', true],
  ["curl's", 'deflate, gzip, br, zstd', true],
  ["a browser's", 'gzip, deflate, br, zstd', true],
  ['its old name', 'x-gzip', true],
  ['upper case', 'GZIP', true],
  ['only others', 'br, deflate, zstd', false],
  ['a longer name', 'gzip2, gzipped', false],
  ['gzip refused', 'gzip;q=0', false],
  ['gzip refused with digits', 'gzip;q=0.000', false],
  ['gzip refused and anything taken', 'gzip;q=0, *', false],
  ['gzip under its old name refused', 'x-gzip;q=0, *', false],
  ['a small q', 'gzip;q=0.001', true],
  ['anything', '*', true],
  ['nothing', '*;q=0', false],
  ['gzip and nothing else', 'gzip, *;q=0', true],
  ['identity only', 'identity', false],
  ['identity preferred', 'identity, gzip;q=0.5', false],
  ['identity preferred to anything', 'identity, *;q=0.5', false],
  ['identity and gzip alike', 'identity, gzip', true],
  ['gzip preferred', 'identity;q=0.5, gzip', true],
  ['identity refused', 'identity;q=0, gzip;q=0.1', true],
  ['identity refused and anything taken', 'identity;q=0, *;q=0.1', true],
  ['odd whitespace', '\tbr ,gzip ; q = 0.5\t, identity ;q=0.1', true],
  ['empty items', ',,gzip;,', true],
  ['a q that is no number', 'gzip;q=often', false],
  ['a q past 1', 'gzip;q=2', false],
  ['nonsense', ';;=,q=1', false],
]
for (const [what, acceptEncoding, gzip] of encodings) {
  t.test(
    `an Accept-Encoding header with ${what} is answered ${gzip ? 'with' : 'without'} gzip`,
    async (t) => {
      t.equal(acceptsGzip(acceptEncoding), gzip)
    },
  )
}

const types = [OPENMETRICS, `${OPENMETRICS};version=1.0.0`, 'text/plain', 'text/plain;version=0.0.4', '*/*']
const others = ['text/html', 'application/json', `${OPENMETRICS};version=0.0.1`, 'text/plain;version=1.0.0']
/** Items whose q are all different, so that nothing but q can decide. */
const items = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 10 }),
    fc.infiniteStream(fc.constantFrom(...types, ...others)),
  )
  .map(([qs, types]) => qs.map((q) => ({ type: String(types.next().value), q: (q / 1000).toFixed(3) })))

t.test('the highest q of what there is decides, wherever it is', async () => {
  fc.assert(
    fc.property(
      items.chain((items) =>
        fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })),
      ),
      fc.constantFrom('', ' ', '\t', '  '),
      ([items, shuffled], space) => {
        const [best] = items
          .filter(({ type, q }) => types.includes(type) && Number(q) > 0)
          .sort((a, b) => Number(b.q) - Number(a.q))
        const header = shuffled.map(({ type, q }) => `${space}${type};${space}q=${q}${space}`).join(',')
        const format = best?.type.startsWith(OPENMETRICS) ? 'openmetrics' : 'text'
        return negotiateFormat(header) === format
      },
    ),
    { numRuns: 1000 },
  )
})

const soup = fc.string({
  unit: fc.oneof(
    fc.constantFrom(',', ';', '=', '"', ' ', '\t', '*', '/', 'q', '0', '1', '.'),
    fc.constantFrom(OPENMETRICS, 'text/plain', 'gzip', 'identity', 'version', '1.0.0', '__proto__'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
})

t.test('any header at all has an answer', async () => {
  fc.assert(
    fc.property(soup, (header) => {
      const format = negotiateFormat(header)
      return (format === 'text' || format === 'openmetrics') && typeof acceptsGzip(header) === 'boolean'
    }),
    { numRuns: 5000 },
  )
})

const LONG = 2 ** 20
const endless: [what: string, header: string][] = [
  ['commas', ','.repeat(LONG)],
  ['semicolons', ';'.repeat(LONG)],
  ['quotes', `${OPENMETRICS};version=${'"'.repeat(LONG)}`],
  ['spaces', ' '.repeat(LONG)],
  ['spaces in an item', `text/plain;${' '.repeat(LONG)};q=0.1`],
  ['items', 'text/html;q=0.5,'.repeat(LONG / 16)],
  ['parameters', `text/plain;q=0.1${';a=b'.repeat(LONG / 4)}`],
  ['digits of a q', `text/plain;q=0.${'1'.repeat(LONG)}`],
]
for (const [what, header] of endless) {
  t.test(`a megabyte of ${what} changes nothing of what follows it`, async (t) => {
    t.equal(negotiateFormat(header), 'text')
    t.equal(negotiateFormat(`${header},${OPENMETRICS};version=1.0.0;q=0.7`), 'openmetrics')
    t.equal(acceptsGzip(header), false)
    t.equal(acceptsGzip(`${header},gzip`), true)
  })
}
