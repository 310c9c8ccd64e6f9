import postgres from 'postgres'
import t from 'tap'
import {
  counter,
  type Definition,
  defineCollector,
  gauge,
  histogram,
  type Labels,
  type Metrics,
  open,
  timestamp,
} from '../../../src/collector.ts'
import { observer } from '../../../src/query/observe.ts'

/** A client that connects to nothing: it writes pieces of SQL, and none of them is sent. */
const sql = postgres()

const right = {
  name: 'things',
  metrics: { business_things: gauge('Things.') },
  query: (sql) => sql`SELECT count(*) AS business_things FROM things`,
} satisfies Definition

/** What is wrong with a definition that differs from a right one. */
function problemWith(difference: Partial<Definition>): string {
  try {
    defineCollector({ ...right, ...difference })
  } catch (error) {
    return String(error)
  }
  return ''
}

/** As problemWith, of a definition that TypeScript would not let pass but JavaScript does. */
function problemWithUntyped(difference: Readonly<Record<string, unknown>>): string {
  return problemWith(difference as Partial<Definition>)
}

t.test('a right definition yields its collector', async (t) => {
  const { collector } = defineCollector({
    name: 'operations-by-kind',
    labels: { kind: ['read', 'write', 'other'], provider: open(20) },
    metrics: {
      business_operations: gauge('Operations.'),
      business_operations_total: counter('Operations ever.'),
      business_operation_seconds: histogram('Their duration.', [0.5, 1, 60]),
      business_operation_last_timestamp_seconds: timestamp('The last one.', { fold: 'max' }),
    },
    interval: '1m30s',
    timeout: '500ms',
    query: right.query,
  })
  t.match(collector, {
    name: 'operations-by-kind',
    labels: [
      { name: 'kind', values: ['read', 'write', 'other'], other: true },
      { name: 'provider', values: undefined, limit: 20, other: true },
    ],
    metrics: [
      { name: 'business_operations', type: 'gauge', help: 'Operations.', fold: 'sum' },
      { name: 'business_operations_total', type: 'counter', fold: 'sum' },
      { name: 'business_operation_seconds', type: 'histogram', buckets: [0.5, 1, 60] },
      { name: 'business_operation_last_timestamp_seconds', type: 'timestamp', fold: 'max' },
    ],
    interval: 90_000,
    timeout: 500,
    query: right.query,
  })
})

t.test('a definition without labels, interval and timeout yields a collector that has none', async (t) => {
  t.match(defineCollector(right).collector, { labels: [], interval: undefined, timeout: undefined })
})

t.test('a closed label without "other" takes only what is listed', async (t) => {
  const { collector } = defineCollector({ ...right, labels: { kind: ['read', 'write'] } })
  t.match(collector.labels, [{ values: ['read', 'write'], other: false }])
})

t.test('a timestamp does not represent others unless it says which', async (t) => {
  t.equal(timestamp('The last one.').fold, 'none')
})

t.test('a gauge may say how its values fold', async (t) => {
  t.equal(gauge('The oldest.', { fold: 'max' }).fold, 'max')
})

t.test('the longest name that PostgreSQL does not cut is right', async (t) => {
  t.equal(problemWith({ metrics: { ['b'.repeat(63)]: gauge('Things.') } }), '')
})

for (const name of ['a', 'connections', 'operations-in-progress', 'a1-b2', 'snake_case', 'a_b-c']) {
  t.test(`"${name}" is a name for a collector`, async (t) => {
    t.equal(problemWith({ name }), '')
  })
}

for (const name of ['', 'Things', 'two words', '-things', 'things-', 'a--b', '1st', 'größe', 'a/b', 'a\n']) {
  t.test(`${JSON.stringify(name)} is no name for a collector`, async (t) => {
    const problem = problemWith({ name })
    t.ok(problem.includes(`collector "${name}"`), problem)
    t.match(problem, /its name is not lower-case words joined by hyphens or underscores/)
  })
}

const tooLong = `business_${'b'.repeat(55)}`

/** Each with what its error must say beside the collector's name. */
const wrong: [what: string, difference: Partial<Definition>, says: RegExp][] = [
  ['no metrics', { metrics: {} }, /no metrics/],
  ['a metric name with a hyphen', { metrics: { 'business-things': gauge('Things.') } }, /"business-things"/],
  ['a metric name with a digit first', { metrics: { '2_things': gauge('Things.') } }, /"2_things"/],
  ['an empty metric name', { metrics: { '': gauge('Things.') } }, /"" is not a metric name/],
  [
    'a metric name that PostgreSQL cuts',
    { metrics: { [tooLong]: gauge('Things.') } },
    RegExp(`"${tooLong}".*63`),
  ],
  ['an empty help', { metrics: { business_a: gauge('') } }, /"business_a" has no help/],
  ['a blank help', { metrics: { business_a: counter(' \n') } }, /"business_a" has no help/],
  ['a label name with a hyphen', { labels: { 'a-b': ['x'] } }, /"a-b" is not a label name/],
  ['a label name with a colon', { labels: { 'a:b': ['x'] } }, /"a:b" is not a label name/],
  ['a label name of Prometheus itself', { labels: { __name__: ['x'] } }, /"__name__" is not a label name/],
  ['a label name that PostgreSQL cuts', { labels: { [tooLong]: ['x'] } }, RegExp(`"${tooLong}".*63`)],
  ['a label without values', { labels: { kind: [] } }, /label "kind" has no values/],
  ['a label value listed twice', { labels: { kind: ['x', 'y', 'x'] } }, /label "kind": "x".* twice/],
  ['an open label of 0', { labels: { kind: open(0) } }, /label "kind": open\(0\)/],
  ['an open label of half a value', { labels: { kind: open(1.5) } }, /label "kind": open\(1\.5\)/],
  ['an open label of NaN', { labels: { kind: open(Number.NaN) } }, /label "kind": open\(NaN\)/],
  [
    'an open label without end',
    { labels: { kind: open(Number.POSITIVE_INFINITY) } },
    /"kind": open\(Infinity\)/,
  ],
  ['a label that is a metric too', { labels: { business_things: ['x'] } }, /"business_things" is both/],
  ['a histogram without buckets', { metrics: { business_h: histogram('H.', []) } }, /"business_h".* bounds/],
  [
    'buckets out of order',
    { metrics: { business_h: histogram('H.', [1, 5, 2]) } },
    /"business_h".* ascending/,
  ],
  ['a bucket twice', { metrics: { business_h: histogram('H.', [1, 1]) } }, /"business_h".* ascending/],
  ['a bucket +Inf', { metrics: { business_h: histogram('H.', [1, Infinity]) } }, /"business_h".* finite/],
  ['a bucket NaN', { metrics: { business_h: histogram('H.', [Number.NaN]) } }, /"business_h".* finite/],
  [
    'the label "le" beside a histogram',
    { labels: { le: ['x'] }, metrics: { business_h: histogram('H.', [1]) } },
    /label "le".*"business_h"/,
  ],
  ['an interval of 0', { interval: '0s' }, /its interval is 0/],
  ['a timeout of 0', { timeout: '0s' }, /its timeout is 0/],
  // Past 2^31 - 1 milliseconds a timer of Node.js fires after 1, and every run would fail.
  ['a timeout longer than a timer can wait', { timeout: '600h' }, /timeout/],
]
for (const [what, difference, says] of wrong) {
  t.test(`${what} is refused with an error that names it and the collector`, async (t) => {
    const problem = problemWith(difference)
    t.match(problem, /^DefinitionError: collector "things": /)
    t.match(problem, says)
  })
}

/** What only a file without types can say. */
const untyped: [what: string, difference: Readonly<Record<string, unknown>>, says: RegExp][] = [
  ['a missing name', { name: undefined }, /its name is not/],
  ['a missing query', { query: undefined }, /no query/],
  ['a query that is a text', { query: 'SELECT 1' }, /no query/],
  ['missing metrics', { metrics: undefined }, /no metrics/],
  ['a metric that is a text', { metrics: { business_a: 'Things.' } }, /"business_a"/],
  ['a metric that is null', { metrics: { business_a: null } }, /"business_a"/],
  ['a label that is a text', { labels: { kind: 'read' } }, /label "kind"/],
  ['a label that is null', { labels: { kind: null } }, /label "kind"/],
  ['a label value that is a number', { labels: { kind: ['a', 1] } }, /label "kind": 1 /],
  ['an interval that is a number', { interval: 60 }, /interval/],
  ['an interval that is none', { interval: 'hourly' }, /interval "hourly" is not a duration/],
  ['an interval without a unit', { interval: '60' }, /interval "60" is not a duration/],
  ['an interval of 0 without a unit', { interval: '0' }, /its interval is 0/],
  ['an empty interval', { interval: '' }, /interval "" is not a duration/],
  ['a timeout that is none', { timeout: 'soon' }, /timeout "soon" is not a duration/],
]
for (const [what, difference, says] of untyped) {
  t.test(`${what} is refused with an error that names it and the collector`, async (t) => {
    const problem = problemWithUntyped(difference)
    t.match(problem, /^DefinitionError: collector "(things|undefined)": /)
    t.match(problem, says)
  })
}

t.test('everything that is wrong is said at once, and apart from it what to write', async (t) => {
  const error = t.throws(() =>
    defineCollector({ ...right, metrics: {}, labels: { kind: [], 'a-b': ['x'] }, interval: '0s' }),
  )
  t.match(error, {
    message:
      'collector "things": it has no metrics; label "kind" has no values; "a-b" is not a label name; its interval is 0',
    advice:
      "write: metrics: { business_things: gauge('Things.') }; list them, or write open(200); " +
      'use letters, digits and _, and do not begin with __',
  })
})

t.test('a definition whose problems have no advice has none', async (t) => {
  const error = t.throws(() => defineCollector({ ...right, interval: '0s', timeout: '25h' }))
  t.match(error, {
    message: 'collector "things": its interval is 0; its timeout is longer than 24h',
    advice: undefined,
  })
})

t.test('a window that is null is one without settle', async (t) => {
  t.match(problemWithUntyped({ window: null }), /its window has no settle/)
})

for (const name of ['constructor', 'valueOf']) {
  t.test(`"${name}" is a metric name and a label name like any other`, async (t) => {
    t.equal(problemWith({ metrics: { [name]: gauge('Things.') } }), '')
    t.equal(problemWith({ labels: { [name]: ['x'] } }), '')
  })
}

t.test('the label "le" is right where there is no histogram', async (t) => {
  t.equal(problemWith({ labels: { le: ['x'] } }), '')
})

/** Has a collector write its query. */
function write<L extends Labels, M extends Metrics>(definition: Definition<L, M, undefined>): unknown {
  const { collector } = defineCollector(definition)
  return collector.query(sql, { observe: observer(sql, collector), from: sql`from`, to: sql`to` })
}

t.test('observe takes the name of a histogram', async (t) => {
  t.doesNotThrow(() =>
    write({
      name: 'things',
      metrics: { business_seconds: histogram('Seconds.', [1]), business_things: gauge('Things.') },
      query: (sql, { observe }) => sql`SELECT ${observe('business_seconds', sql`seconds`)} FROM things`,
    }),
  )
})

t.test('observe does not take a name that is none of the metrics', async (t) => {
  t.throws(
    () =>
      write({
        name: 'things',
        metrics: { business_seconds: histogram('Seconds.', [1]) },
        // @ts-expect-error the metric is business_seconds
        query: (sql, { observe }) => sql`SELECT ${observe('business_second', sql`seconds`)} FROM things`,
      }),
    { message: /collector "things".*business_second'/ },
  )
})

t.test('observe does not take a metric that is no histogram', async (t) => {
  t.throws(
    () =>
      write({
        name: 'things',
        metrics: { business_seconds: histogram('Seconds.', [1]), business_things: gauge('Things.') },
        // @ts-expect-error business_things is a gauge
        query: (sql, { observe }) => sql`SELECT ${observe('business_things', sql`seconds`)} FROM things`,
      }),
    { message: /collector "things".*business_things'/ },
  )
})

t.test('a misspelt field is one that TypeScript refuses, and is refused without it', async (t) => {
  t.throws(
    () =>
      defineCollector({
        name: 'things',
        metrics: { business_things: gauge('Things.') },
        // @ts-expect-error the field is interval
        intervall: '1m',
        query: right.query,
      }),
    { message: /collector "things": a collector has no field "intervall": did you mean "interval"\?/ },
  )
})

t.test('a misspelt kind of fold is one that TypeScript refuses', async (t) => {
  // @ts-expect-error a timestamp has no sum
  t.ok(timestamp('The last one.', { fold: 'sum' }))
})
