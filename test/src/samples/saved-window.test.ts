import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { counter, type Definition, defineCollector, histogram, open } from '../../../src/collector.ts'
import type { Collector } from '../../../src/contract/collector.ts'
import { keyOf } from '../../../src/rows/label-set.ts'
import { addExact, type Exact, exact } from '../../../src/samples/decimal.ts'
import {
  decodeState,
  encodeState,
  restoreWindow,
  type SavedWindows,
  saveWindow,
} from '../../../src/samples/saved-window.ts'
import type { Total } from '../../../src/samples/total.ts'
import {
  advanceWindow,
  type Running,
  startWindow,
  type WindowRows,
  type WindowState,
} from '../../../src/samples/window.ts'
import { later, parseMoment } from '../../../src/time/moment.ts'
import { finish } from '../../../src/time/slices.ts'

/** No page was published yet: what is new is at 0 whatever was counted. */
const READ = { published: 0, scraped: 1, now: 1 }
const WRITTEN = Date.parse('2026-01-02T03:04:06.789Z')
const NOW = parseMoment('2026-01-02T03:04:05.678901Z')

const definition = {
  name: 'things',
  labels: { provider: open(9), state: ['new', 'old'] },
  metrics: { things_total: counter('Things ever.'), seconds: histogram('Seconds.', [1, 5]) },
  interval: '1m',
  window: { settle: '2m' },
  query: (sql) => sql`SELECT 1`,
} satisfies Definition

function collectorOf(changes: Partial<Definition> = {}): Collector {
  const changed: Definition = { ...definition, ...changes }
  return defineCollector(changed).collector
}

const things = collectorOf()

function advance(collector: Collector, state: WindowState, rows: WindowRows): WindowState {
  return finish(advanceWindow(collector, state, rows, 1000, READ)).state
}

/** A state of `things` after a run, with numbers of every form. */
const counted = advance(things, startWindow(things, NOW), {
  sealedTo: later(NOW, 60_000.001),
  sealed: [
    { labels: ['a', 'new'], values: [2 ** 53, [1, 2, 3, 4.25]] },
    { labels: ['Ünïcødé "quoted"\n', 'old'], values: [7, [0, 0, 1, 1e21]] },
  ],
  open: [{ labels: ['a', 'new'], values: [1, [0, 0, 1, 0.1]] }],
})

const text = encodeState({ things: saveWindow(things, counted, WRITTEN) })

/** A state without what is of this process only: which zeros a scrape has had. */
function lasting(state: WindowState): WindowState {
  const running = Array.from(state.running, ([key, one]) => [key, { ...one, zero: undefined }] as const)
  return { ...state, running: new Map(running) }
}

/** The state as it is after it was written and read again. */
function restored(collector: Collector, state: WindowState): WindowState | undefined {
  const { things: saved } = decodeState(encodeState({ things: saveWindow(collector, state, WRITTEN) }))
  return saved === undefined ? undefined : restoreWindow(collector, saved)
}

// Adding 0 makes a 0 of -0, which no query counts.
const number = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: 0, max: 1_000_000_000 }).map((n) => n / 1e6),
)
const total = fc.array(number, { maxLength: 4 }).map((numbers) => {
  return numbers.map((value) => exact(value + 0)).reduce(addExact, 0 as Exact)
})
const totals = fc.tuple(total, fc.tuple(total, total, total, total)).map((totals): readonly Total[] => totals)
// PostgreSQL's text cannot hold a NUL.
const label = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))
const running = fc
  .record(
    {
      labels: fc.tuple(label, fc.constantFrom('new', 'old')),
      totals,
      shown: totals,
      zero: fc.constant(undefined),
    },
    { noNullPrototype: true },
  )
  .map((running): [string, Running] => [keyOf(running.labels), running])
const moment = fc.bigInt({ min: 1n, max: 253402300799999999n })
const states = fc
  .record(
    {
      since: moment,
      sealedTo: moment,
      time: moment,
      source: fc.option(fc.string(), { nil: undefined }),
      running: fc.array(running),
    },
    { noNullPrototype: true },
  )
  .map(({ running, ...state }): WindowState => ({ ...state, running: new Map(running) }))

t.test('every state comes back from its text', async () => {
  fc.assert(
    fc.property(states, (state) => isDeepStrictEqual(restored(things, state), state)),
    { numRuns: 500 },
  )
})

t.test('a state that was counted comes back from its text', async (t) => {
  t.strictSame(restored(things, counted), lasting(counted))
})

t.test('a state that was read is counted on as one that stayed', async (t) => {
  const rows = {
    sealedTo: later(NOW, 120_000),
    sealed: [{ labels: ['a', 'new'], values: [1, [1, 1, 1, 0.7]] }],
    open: [{ labels: ['b', 'old'], values: [2, [0, 1, 2, 0.2]] }],
  }
  const back = restored(things, counted)
  t.ok(back)
  if (back !== undefined) {
    t.strictSame(advance(things, back, rows), advance(things, lasting(counted), rows))
  }
})

t.test('the states of several collectors come back, each under its name', async (t) => {
  const others = collectorOf({ name: 'others', labels: {} })
  const windows: SavedWindows = {
    things: saveWindow(things, counted, WRITTEN),
    others: saveWindow(others, startWindow(others, NOW), WRITTEN),
  }
  t.strictSame(decodeState(encodeState(windows)), windows)
})

t.test('a state without collectors comes back', async (t) => {
  t.strictSame(decodeState(encodeState({})), {})
})

t.test('a text ends with the end of a line, and has no other', async (t) => {
  t.equal(text.indexOf('\n'), text.length - 1)
})

t.test('a text that breaks off anywhere is refused', async (t) => {
  const whole = text.trimEnd()
  for (let length = 0; length < whole.length; length++) {
    const prefix = whole.slice(0, length)
    try {
      decodeState(prefix)
      t.fail(`it is taken when it breaks off after ${JSON.stringify(prefix.slice(-20))}`)
    } catch (error) {
      if (!(error instanceof Error && /not whole/.test(error.message))) throw error
    }
  }
})

t.test('a text that lacks only the end of its line has lost nothing', async (t) => {
  t.strictSame(decodeState(text.trimEnd()), decodeState(text))
})

/** A state, with one value of it changed. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const root = JSON.parse(text)
  const last = path.at(-1) ?? ''
  let parent = root
  for (const step of path.slice(0, -1)) parent = parent[step]
  parent[last] = value
  return JSON.stringify(root)
}

const first = ['windows', 'things', 'running', 0]

const refused: [what: string, text: string, says: RegExp][] = [
  ['an empty text', '', /not whole/],
  ['a blank text', ' \n', /not whole/],
  ['a text that is not JSON', 'things 5\n', /not whole, or not JSON/],
  ['zeros of a lost disk block', '\0'.repeat(4096), /not whole/],
  ['a text with another after it', `${text}${text}`, /not whole/],
  ['null', 'null', /not a state/],
  ['a number', '1', /not a state/],
  ['a string', '"metrics-service-state"', /not a state/],
  ['an array', `[${text}]`, /not a state/],
  ['an empty object', '{}', /not a state/],
  ['the JSON of another program', '{"name":"things","version":1,"windows":{}}', /not a state/],
  ['another format', changed(['format'], 'other-state'), /not a state/],
  ['a later version', changed(['version'], 2), /version 2, and this is version 1/],
  ['an earlier version', changed(['version'], 0), /version 0/],
  ['a version that is a text', changed(['version'], '1'), /version "1"/],
  ['no version', changed(['version'], undefined), /version/],
  ['no windows', changed(['windows'], undefined), /its windows/],
  ['windows that are null', changed(['windows'], null), /its windows/],
  ['windows that are an array', changed(['windows'], []), /its windows/],
  ['a window that is null', changed(['windows', 'things'], null), /its windows/],
  ['a window that is an array', changed(['windows', 'things'], []), /its windows/],
  ['one bad window beside a good one', changed(['windows', 'others'], {}), /its windows/],
  ['a window without shape', changed(['windows', 'things', 'shape'], undefined), /its windows/],
  ['a shape that is a list', changed(['windows', 'things', 'shape'], []), /its windows/],
  ['a window without since', changed(['windows', 'things', 'since'], undefined), /its windows/],
  ['a since that is a number', changed(['windows', 'things', 'since'], 1767323045), /its windows/],
  [
    'a since without microseconds',
    changed(['windows', 'things', 'since'], '2026-01-02T03:04:05Z'),
    /its windows/,
  ],
  ['a window without sealedTo', changed(['windows', 'things', 'sealedTo'], undefined), /its windows/],
  ['a sealedTo that is null', changed(['windows', 'things', 'sealedTo'], null), /its windows/],
  ['a sealedTo that is no moment', changed(['windows', 'things', 'sealedTo'], 'now'), /its windows/],
  [
    'a sealedTo of 1970, from which all would be counted',
    changed(['windows', 'things', 'sealedTo'], '1970-01-01T00:00:00.000000Z'),
    /its windows/,
  ],
  ['a window without running', changed(['windows', 'things', 'running'], undefined), /its windows/],
  ['a running that is an object', changed(['windows', 'things', 'running'], {}), /its windows/],
  ['a label set that is null', changed(first, null), /its windows/],
  ['a label set that is an object', changed(first, {}), /its windows/],
  ['a label set without totals', changed(first, [['a', 'new']]), /its windows/],
  ['a label set with a fourth part', changed([...first, 3], []), /its windows/],
  ['labels that are a text', changed([...first, 0], 'a'), /its windows/],
  ['a label that is a number', changed([...first, 0, 0], 1), /its windows/],
  ['a label that is null', changed([...first, 0, 0], null), /its windows/],
  ['totals that are a number', changed([...first, 1], 5), /its windows/],
  ['a total that is null', changed([...first, 1, 0], null), /its windows/],
  ['a total that is a fraction, not its text', changed([...first, 1, 0], 0.5), /its windows/],
  ['a total that is a text of no number', changed([...first, 1, 0], 'many'), /its windows/],
  ['a total that is an empty text', changed([...first, 1, 0], ''), /its windows/],
  ['a total that is infinite', changed([...first, 1, 0], 'Infinity'), /its windows/],
  ['a bucket that is null', changed([...first, 1, 1, 0], null), /its windows/],
  ['a bucket that is a list', changed([...first, 1, 1, 0], [1]), /its windows/],
  ['a shown value that is null', changed([...first, 2, 0], null), /its windows/],
  ['a shown value that is an object', changed([...first, 2, 0], {}), /its windows/],
]
for (const [what, text, says] of refused) {
  t.test(`${what} is refused with an error that says why`, async (t) => {
    const error = t.throws(() => decodeState(text))
    t.ok(error instanceof Error)
    t.match(error, { message: says })
  })
}

t.test('no value in the place of another brings down the reader', async () => {
  const places: (string | number)[][] = [
    ...[['format'], ['version'], ['windows'], ['windows', 'things']],
    ...['shape', 'since', 'sealedTo', 'running'].map((field) => ['windows', 'things', field]),
    ...[[], [0], [0, 0], [1], [1, 0], [1, 1], [1, 1, 0], [2], [2, 0]].map((path) => [...first, ...path]),
  ]
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
      try {
        decodeState(changed(place, value))
      } catch (error) {
        return error instanceof Error && /^it|^its/.test(error.message)
      }
      return true
    }),
    { numRuns: 2000 },
  )
})

const strangers: [what: string, changes: Partial<Definition>][] = [
  ['one label more', { labels: { ...definition.labels, city: open(9) } }],
  ['one label less', { labels: { provider: open(9) } }],
  ['no labels', { labels: {} }],
  ['another name for a label', { labels: { vendor: open(9), state: ['new', 'old'] } }],
  ['its labels in another order', { labels: { state: ['new', 'old'], provider: open(9) } }],
  ['one closed value more', { labels: { provider: open(9), state: ['new', 'old', 'other'] } }],
  ['one closed value less', { labels: { provider: open(9), state: ['new'] } }],
  ['another closed value', { labels: { provider: open(9), state: ['new', 'gone'] } }],
  ['a closed label opened', { labels: { provider: open(9), state: open(9) } }],
  ['an open label closed', { labels: { provider: ['a', 'other'], state: ['new', 'old'] } }],
  ['one metric more', { metrics: { ...definition.metrics, bytes_total: counter('Bytes ever.') } }],
  ['one metric less', { metrics: { things_total: counter('Things ever.') } }],
  [
    'another name for a metric',
    { metrics: { objects_total: counter('Things ever.'), seconds: histogram('Seconds.', [1, 5]) } },
  ],
  [
    'its metrics in another order',
    { metrics: { seconds: histogram('Seconds.', [1, 5]), things_total: counter('Things ever.') } },
  ],
  [
    'another type of a metric',
    { metrics: { things_total: counter('Things ever.'), seconds: counter('Seconds.') } },
  ],
  [
    'another bucket',
    { metrics: { things_total: counter('Things ever.'), seconds: histogram('Seconds.', [1, 6]) } },
  ],
  [
    'one bucket more',
    { metrics: { things_total: counter('Things ever.'), seconds: histogram('Seconds.', [1, 5, 9]) } },
  ],
]
for (const [what, changes] of strangers) {
  t.test(`a collector with ${what} starts from 0`, async (t) => {
    t.equal(restoreWindow(collectorOf(changes), saveWindow(things, counted, WRITTEN)), undefined)
  })
}

const same: [what: string, changes: Partial<Definition>][] = [
  ['nothing changed', {}],
  [
    'another help text',
    { metrics: { things_total: counter('All things.'), seconds: histogram('All seconds.', [1, 5]) } },
  ],
  ['another query', { query: (sql) => sql`SELECT 2` }],
  ['another settle', { window: { settle: '10m' } }],
  ['another interval', { interval: '5m' }],
  ['another timeout', { timeout: '5m' }],
  ['a higher limit of an open label', { labels: { provider: open(99), state: ['new', 'old'] } }],
  ['a lower limit of an open label', { labels: { provider: open(1), state: ['new', 'old'] } }],
]
for (const [what, changes] of same) {
  t.test(`a collector with ${what} goes on`, async (t) => {
    t.strictSame(restoreWindow(collectorOf(changes), saveWindow(things, counted, WRITTEN)), lasting(counted))
  })
}
