import { Counter, Gauge, Histogram, Registry, Summary } from '@prometheus-io/client'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type CollectorPlugin,
  counter,
  defineCollector,
  gauge,
  histogram,
  type Metric,
  open,
  timestamp,
} from '../../../src/collector.ts'
import type { Environment } from '../../../src/config/read.ts'
import { BASE_UNITS } from '../../../src/contract/metric-names.ts'
import { type ClientFamily, renderClient, renderFamilies } from '../../../src/page/exposition.ts'
import type { Format } from '../../../src/page/syntax.ts'
import type { LabelSet, Value } from '../../../src/rows/label-set.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

/** When counting began, in seconds since 1970. */
const CREATED = 1_700_000_000.123456

function pluginOf(labels: readonly string[], metrics: Readonly<Record<string, Metric>>): CollectorPlugin {
  return defineCollector({
    name: 'generated',
    labels: Object.fromEntries(labels.map((name) => [name, open(100)])),
    metrics,
    query: (sql) => sql`SELECT 1`,
  })
}

function render(
  metrics: Readonly<Record<string, Metric>>,
  sets: readonly LabelSet[],
  {
    format = 'openmetrics' as Format,
    labels = [] as readonly string[],
    created = CREATED as number | undefined,
  } = {},
): string {
  return [...renderFamilies(pluginOf(labels, metrics).collector, sets, format, created)].join('')
}

/** One label set without labels. */
const only = (...values: (Value | undefined)[]): LabelSet[] => [{ labels: [], values }]

// The examples of https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format are the measure of these.

t.test('the family of a counter is named without the suffix of its samples', async (t) => {
  t.equal(
    render({ business_things_total: counter('Things.') }, only(17)),
    `# TYPE business_things counter
# HELP business_things Things.
business_things_total 17
business_things_created ${CREATED}
`,
  )
})

t.test('a counter whose name lacks _total keeps its name, and is of unknown type', async (t) => {
  t.equal(
    render({ business_things: counter('Things.') }, only(17)),
    `# TYPE business_things unknown
# HELP business_things Things.
business_things 17
`,
  )
  const things: ClientFamily = { name: 'things', help: 'Things.', type: 'counter', values: [{ value: 17 }] }
  t.equal(
    renderClient([things], 'openmetrics', CREATED),
    `# TYPE things unknown
# HELP things Things.
things 17
`,
  )
})

t.test('a gauge keeps its whole name, and has no time at which it was created', async (t) => {
  t.equal(
    render({ business_total: gauge('Total.'), business_things_total: gauge('Things.') }, only(1, -2.5)),
    `# TYPE business_total gauge
# HELP business_total Total.
business_total 1
# TYPE business_things_total gauge
# HELP business_things_total Things.
business_things_total -2.5
`,
  )
})

t.test('a timestamp is a gauge', async (t) => {
  t.equal(
    render({ business_last_timestamp_seconds: timestamp('The last.') }, only(1458255915)),
    `# TYPE business_last_timestamp_seconds gauge
# UNIT business_last_timestamp_seconds seconds
# HELP business_last_timestamp_seconds The last.
business_last_timestamp_seconds 1458255915
`,
  )
})

t.test('a histogram has its bounds as floats, and the time at which it was created last', async (t) => {
  const metrics = { business_wait_seconds: histogram('Wait.', [0, 0.5, 1, 10, 1e21]) }
  t.equal(
    render(metrics, [{ labels: ['a'], values: [[2, 3, 4, 5, 6, 7, 99.5]] }], { labels: ['kind'] }),
    `# TYPE business_wait_seconds histogram
# UNIT business_wait_seconds seconds
# HELP business_wait_seconds Wait.
business_wait_seconds_bucket{kind="a",le="0.0"} 2
business_wait_seconds_bucket{kind="a",le="0.5"} 3
business_wait_seconds_bucket{kind="a",le="1.0"} 4
business_wait_seconds_bucket{kind="a",le="10.0"} 5
business_wait_seconds_bucket{kind="a",le="1e+21"} 6
business_wait_seconds_bucket{kind="a",le="+Inf"} 7
business_wait_seconds_sum{kind="a"} 99.5
business_wait_seconds_count{kind="a"} 7
business_wait_seconds_created{kind="a"} ${CREATED}
`,
  )
})

t.test('each label set has its own time of creation, right after its other samples', async (t) => {
  const sets = [
    { labels: ['a'], values: [1] },
    { labels: ['b'], values: [2] },
  ]
  t.equal(
    render({ business_things_total: counter('Things.') }, sets, { labels: ['kind'] }),
    `# TYPE business_things counter
# HELP business_things Things.
business_things_total{kind="a"} 1
business_things_created{kind="a"} ${CREATED}
business_things_total{kind="b"} 2
business_things_created{kind="b"} ${CREATED}
`,
  )
})

t.test('a counter of which nobody knows when it began has no time of creation', async (t) => {
  const metrics = { business_things_total: counter('Things.'), business_size_bytes: histogram('Size.', [1]) }
  const page = [
    ...renderFamilies(pluginOf([], metrics).collector, only(1, [1, 2, 3]), 'openmetrics', undefined),
  ].join('')
  t.notMatch(page, '_created')
  t.match(page, 'business_things_total 1\n')
  t.match(page, 'business_size_bytes_count 2\n')
})

t.test('the text format has no unit, no time of creation and no end', async (t) => {
  const metrics = {
    business_wait_seconds: histogram('Wait.', [1]),
    business_things_total: counter('Things.'),
  }
  const page = render(metrics, only([1, 2, 3], 4), { format: 'text' })
  t.notMatch(page, /UNIT|_created|EOF/)
})

const units: [name: string, metric: Metric, unit: string | undefined][] = [
  ['business_wait_seconds', gauge('A.'), 'seconds'],
  ['business_wait_seconds', histogram('A.', [1]), 'seconds'],
  ['business_wait_seconds_total', counter('A.'), 'seconds'],
  ['business_last_timestamp_seconds', timestamp('A.'), 'seconds'],
  ['business_size_bytes', gauge('A.'), 'bytes'],
  ['business_sent_bytes_total', counter('A.'), 'bytes'],
  ['business_used_ratio', gauge('A.'), 'ratio'],
  ['business_things', gauge('A.'), undefined],
  ['business_things_total', counter('A.'), undefined],
  ['business_seconds_left', gauge('A.'), undefined],
  ['business_milliseconds', gauge('A.'), undefined],
  ['business_wait_seconds_total', gauge('A.'), undefined],
  ['seconds', gauge('A.'), undefined],
]
for (const [name, metric, unit] of units) {
  t.test(`a ${metric.type} named ${name} has ${unit ? `the unit ${unit}` : 'no unit'}`, async (t) => {
    const family = metric.type === 'counter' ? name.replace('_total', '') : name
    const found = render({ [name]: metric }, [])
      .split('\n')
      .filter((line) => line.startsWith('# UNIT'))
    t.same(found, unit === undefined ? [] : [`# UNIT ${family} ${unit}`])
  })
}

for (const unit of BASE_UNITS) {
  t.test(`a metric whose name ends in ${unit} has that unit`, async (t) => {
    t.match(render({ [`business_x_${unit}`]: gauge('A.') }, []), `\n# UNIT business_x_${unit} ${unit}\n`)
  })
}

t.test('quotes, backslashes and newlines are escaped in a help text', async (t) => {
  t.match(
    render({ business_things: gauge('Things,\nas in "C:\\things".') }, []),
    `${String.raw`# HELP business_things Things,\nas in \"C:\\things\".`}\n`,
  )
  t.match(
    renderClient([{ name: 'a', help: 'As in\n"C:\\".', type: 'gauge', values: [] }], 'openmetrics', CREATED),
    `${String.raw`# HELP a As in\n\"C:\\\".`}\n`,
  )
})

t.test('the counters and histograms of the client are those of OpenMetrics', async (t) => {
  t.equal(
    renderClient(await clientFamilies(), 'openmetrics', CREATED),
    `# TYPE things counter
# HELP things Things.
things_total{kind="a"} 2
things_created{kind="a"} ${CREATED}
things_total{kind="b"} 3
things_created{kind="b"} ${CREATED}
# TYPE level gauge
# HELP level Level.
level +Inf
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
# HELP wait_seconds Wait.
wait_seconds_bucket{le="0.5",kind="a"} 1
wait_seconds_bucket{le="1.0",kind="a"} 2
wait_seconds_bucket{le="+Inf",kind="a"} 3
wait_seconds_sum{kind="a"} 8.3
wait_seconds_count{kind="a"} 3
wait_seconds_created{kind="a"} ${CREATED}
# TYPE size_bytes summary
# UNIT size_bytes bytes
# HELP size_bytes Size.
size_bytes{quantile="0.5",kind="a"} 7
size_bytes{quantile="1.0",kind="a"} 7
size_bytes_sum{kind="a"} 7
size_bytes_count{kind="a"} 1
size_bytes_created{kind="a"} ${CREATED}
`,
  )
})

t.test('a label that the client holds as a number is the same in both forms', async (t) => {
  const registry = new Registry()
  const requests = new Counter({
    name: 'requests_total',
    help: 'Requests.',
    labelNames: ['status_code'],
    registers: [registry],
  })
  requests.inc({ status_code: 200 }, 5)
  const families = (await registry.getMetricsAsJSON()) as unknown as ClientFamily[]
  t.match(renderClient(families, 'text', CREATED), 'requests_total{status_code="200"} 5\n')
  t.match(renderClient(families, 'openmetrics', CREATED), 'requests_total{status_code="200"} 5\n')
})

/** Something of every type that the client has. */
async function clientFamilies(): Promise<readonly ClientFamily[]> {
  const registry = new Registry()
  const registers = [registry]
  const things = new Counter({ name: 'things_total', help: 'Things.', labelNames: ['kind'], registers })
  things.inc({ kind: 'a' }, 2)
  things.inc({ kind: 'b' }, 3)
  new Gauge({ name: 'level', help: 'Level.', registers }).set(Number.POSITIVE_INFINITY)
  const wait = new Histogram({
    name: 'wait_seconds',
    help: 'Wait.',
    labelNames: ['kind'],
    buckets: [0.5, 1],
    registers,
  })
  for (const value of [0.3, 1, 7]) wait.observe({ kind: 'a' }, value)
  const size = new Summary({
    name: 'size_bytes',
    help: 'Size.',
    labelNames: ['kind'],
    percentiles: [0.5, 1],
    registers,
  })
  size.observe({ kind: 'a' }, 7)
  return (await registry.getMetricsAsJSON()) as unknown as ClientFamily[]
}

/** What a page says, the spelling of bounds apart; throws an Error at a line that is none. */
function samplesOf(page: string): { name: string; labels: [string, string][]; value: number }[] {
  return page.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return []
    const [, name, pairs = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/su.exec(line) ?? []
    if (name === undefined) throw new Error(`not a sample: ${line}`)
    const labels = [...pairs.matchAll(/(\w+)="((?:\\.|[^"\\])*)"(?:,|$)/gsuy)].map(
      ([, label = '', text = '']): [string, string] => [
        label,
        (label === 'le' || label === 'quantile') && text !== '+Inf' ? String(Number(text)) : text,
      ],
    )
    return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
  })
}

const character = fc.oneof(
  fc.constantFrom('"', '\\', '\n', '\r', ' ', '{', '}', ',', '=', '#', '🦀', 'é', '# EOF\n'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const text = fc.string({ unit: character, maxLength: 8 })
const help = text.map((text) => `A ${text}`)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
const bounds = fc
  .uniqueArray(fc.oneof(fc.integer({ min: -10, max: 1000 }), fc.double({ noNaN: true, min: 0, max: 1e22 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((bounds) => [...new Set(bounds.map((bound) => bound + 0))].sort((a, b) => a - b))
const unit = fc.constantFrom('', '_seconds', '_bytes', '_ratio')
type Values = fc.Arbitrary<Value | undefined>
const family = fc
  .tuple(help, unit, bounds, fc.constantFrom('gauge', 'timestamp', 'counter', 'histogram'), fc.boolean())
  .map(([help, unit, bounds, type, suffixed]): { metric: Metric; unit: string; value: Values } => {
    switch (type) {
      case 'timestamp':
        return { metric: timestamp(help), unit, value: fc.option(number, { nil: undefined }) }
      case 'counter':
        return {
          metric: counter(help),
          unit: suffixed ? `${unit}_total` : unit,
          value: number.map(Math.abs),
        }
      case 'histogram': {
        const length = bounds.length + 2
        const value = fc.array(number, { minLength: length, maxLength: length })
        return { metric: histogram(help, bounds), unit, value }
      }
      default:
        return { metric: gauge(help), unit, value: number }
    }
  })

const page = fc
  .tuple(fc.nat(3), fc.array(family, { minLength: 1, maxLength: 4 }))
  .chain(([width, families]) =>
    fc.record({
      labels: fc.constant(Array.from({ length: width }, (_, i) => `label_${i}`)),
      metrics: fc.constant(
        Object.fromEntries(families.map(({ metric, unit }, i) => [`business_m${i}${unit}`, metric])),
      ),
      sets: fc.uniqueArray(
        fc.record({
          labels: fc.array(text, { minLength: width, maxLength: width }),
          values: fc.tuple(...families.map(({ value }) => value)),
        }),
        { maxLength: width === 0 ? 1 : 5, selector: ({ labels }) => JSON.stringify(labels) },
      ),
      created: fc.option(fc.constant(CREATED), { nil: undefined }),
    }),
  )

const isCreated = ({ name }: { name: string }) => name.endsWith('_created')

t.test('a histogram with a negative bound has no sum, and a count only in the text format', async (t) => {
  const metrics = { business_drift_seconds: histogram('Drift.', [-1, 1]) }
  const linesOf = (format: Format) =>
    render(metrics, only([1, 2, 5, -102]), { format })
      .split('\n')
      .filter((line) => line !== '' && !/^#|_created /.test(line))
  t.same(linesOf('openmetrics'), [
    'business_drift_seconds_bucket{le="-1.0"} 1',
    'business_drift_seconds_bucket{le="1.0"} 2',
    'business_drift_seconds_bucket{le="+Inf"} 5',
  ])
  t.same(linesOf('text'), [
    'business_drift_seconds_bucket{le="-1"} 1',
    'business_drift_seconds_bucket{le="1"} 2',
    'business_drift_seconds_bucket{le="+Inf"} 5',
    'business_drift_seconds_count 5',
  ])
})

t.test('both forms have the same samples in the same order, times of creation apart', async (t) => {
  fc.assert(
    fc.property(page, ({ metrics, sets, labels, created }) => {
      const ours = (format: Format) =>
        samplesOf([...renderFamilies(pluginOf(labels, metrics).collector, sets, format, created)].join(''))
      const [plain, open] = [ours('text'), ours('openmetrics')]
      // OpenMetrics has no count where there is no sum.
      const sums = new Set(
        plain.flatMap(({ name }) => (name.endsWith('_sum') ? name.replace(/_sum$/, '_count') : [])),
      )
      t.same(
        open.filter((sample) => !isCreated(sample)),
        plain.filter(({ name }) => !name.endsWith('_count') || sums.has(name)),
      )
    }),
    { numRuns: 500 },
  )
})

t.test('each label set of a counter or histogram is created once, and nothing else is', async () => {
  fc.assert(
    fc.property(page, ({ metrics, sets, labels }) => {
      const totals = Object.entries(metrics).filter(
        ([name, { type }]) => (type === 'counter' && name.endsWith('_total')) || type === 'histogram',
      )
      const created = samplesOf(render(metrics, sets, { labels })).filter(isCreated)
      return created.length === totals.length * sets.length && created.every(({ value }) => value === CREATED)
    }),
  )
})

t.test('type, unit and help come first in a family, in this order', async () => {
  fc.assert(
    fc.property(page, ({ metrics, sets, labels }) => {
      const blocks = render(metrics, sets, { labels }).split(/^(?=# TYPE )/mu)
      if (blocks.length !== Object.keys(metrics).length) return false
      return blocks.every((block) => {
        const [, family, rest = ''] =
          /^# TYPE (\S+) (?:counter|gauge|histogram|unknown)\n((?:# UNIT .*\n)?# HELP .*\n)[^#]/u.exec(
            `${block}\n`,
          ) ?? []
        return rest.split('\n').every((line) => line === '' || line.split(' ')[2] === family)
      })
    }),
  )
})

t.test('all samples of a label set come together in a family', async () => {
  fc.assert(
    fc.property(page, ({ metrics, sets, labels }) => {
      const owners = samplesOf(render(metrics, sets, { labels })).map(({ name, labels }) => {
        const family = /^business_m\d+/.exec(name)?.[0]
        return JSON.stringify([family, labels.filter(([label]) => label !== 'le')])
      })
      const runs = owners.filter((owner, i) => owner !== owners[i - 1])
      return new Set(runs).size === runs.length
    }),
  )
})

t.test('no line is blank, and the last one ends too', async () => {
  fc.assert(
    fc.property(page, ({ metrics, sets, labels }) => {
      const page = render(metrics, sets, { labels })
      return (
        page.endsWith('\n') &&
        page
          .slice(0, -1)
          .split('\n')
          .every((line) => line.trim() !== '')
      )
    }),
  )
})

async function scrape(t: Test, collectors: CollectorPlugin[], env: Environment = {}): Promise<string> {
  const { url } = await createDatabase(t, { schema: false })
  const { app } = await startService(t, { DATABASE_URL: url, ...env }, { collectors })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const response = await fetch(`${address}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
  t.equal(response.status, 200)
  return response.text()
}

t.test('the whole page ends with one end, and has no other', async (t) => {
  const nasty = defineCollector({
    name: 'nasty',
    labels: { kind: open(10) },
    metrics: { business_nasty: gauge('Nasty.\n# EOF\n') },
    query: (sql) => sql`SELECT ${'\n# EOF\n'} AS kind, 1 AS business_nasty`,
  })
  const page = await scrape(t, [nasty])
  t.match(page, `${String.raw`business_nasty{kind="\n# EOF\n"} 1`}\n`)
  t.ok(page.endsWith('\n# EOF\n'))
  t.equal(page.match(/^# EOF$/gm)?.length, 1)
  t.notMatch(page, '\n\n', 'no line is blank')
})

for (const [value, times] of [
  ['', 'no times of creation'],
  ['true', 'the times of creation of its collectors, of itself and of the process'],
] as const) {
  t.test(`with OPENMETRICS_CREATED=${value} the page has ${times}`, async (t) => {
    const things = defineCollector({
      name: 'things',
      metrics: { business_things_total: counter('Things.'), business_size_bytes: histogram('Size.', [1]) },
      window: { settle: '1m' },
      query: (sql, { from, to, observe }) => sql`
        SELECT count(*) AS business_things_total, ${observe('business_size_bytes', sql`1`)}
          FROM (VALUES (now())) AS things (time)
         WHERE time > ${from} AND time <= ${to}`,
    })
    const page = await scrape(t, [things], { OPENMETRICS_CREATED: value })
    const created = [...page.matchAll(/^(\w+)_created[ {]/gm)].map(([, name]) => name)
    for (const name of ['business_things', 'business_size_bytes', 'collection_errors', 'process_cpu_seconds'])
      t.equal(created.includes(name), value === 'true', name)
  })
}

t.test('the whole page has each family once, its type first', async (t) => {
  const page = await scrape(t, [])
  const families = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, family]) => family)
  t.equal(new Set(families).size, families.length)
  t.same(
    [...page.matchAll(/^# HELP (\S+)/gm)].map(([, family]) => family),
    families,
  )
})

t.test('a gauge and a counter that OpenMetrics would call the same are never on one page', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const things = defineCollector({
    name: 'things',
    metrics: { business_things: gauge('Things.'), business_things_total: counter('Things ever.') },
    query: (sql) => sql`SELECT 1 AS business_things, 2 AS business_things_total`,
  })
  const service = await startService(t, { DATABASE_URL: url }, { collectors: [things] }).catch(
    (error: Error) => error,
  )
  if (service instanceof Error) return t.match(service.message, /business_things/)
  const { body } = await service.app.inject({
    url: '/metrics',
    headers: { accept: 'application/openmetrics-text' },
  })
  t.equal(body.match(/^# TYPE business_things /gm)?.length, 1)
})

t.test('two counters of which one has the name of the family of the other are an error', async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const things = defineCollector({
    name: 'things',
    metrics: { business_things: counter('Things.'), business_things_total: counter('Things ever.') },
    query: (sql) => sql`SELECT 1 AS business_things, 2 AS business_things_total`,
  })
  await t.rejects(startService(t, { DATABASE_URL: url }, { collectors: [things] }), {
    message: /the name "business_things" of its metric "business_things_total" is taken/,
  })
})
