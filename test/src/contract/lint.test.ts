import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { counter, defineCollector, gauge, histogram, type Metric, timestamp } from '../../../src/collector.ts'
import type { Collector } from '../../../src/contract/collector.ts'
import { lint } from '../../../src/contract/lint.ts'
import { BASE_UNITS } from '../../../src/contract/metric-names.ts'
import { renderFinding } from '../../../src/finding.ts'
import { renderFamilies } from '../../../src/page/exposition.ts'
import type { Value } from '../../../src/rows/label-set.ts'
import { lacks } from '../../program.ts'

const TYPES: Readonly<Record<string, { metric: Metric; value: Value }>> = {
  gauge: { metric: gauge('Things.'), value: 1 },
  counter: { metric: counter('Things.'), value: 1 },
  histogram: { metric: histogram('Things.', [1]), value: [1, 1, 1] },
  timestamp: { metric: timestamp('Things.'), value: 1 },
}

function collectorOf(name: string, metric: Metric, label?: string): Collector {
  return defineCollector({
    name: 'things',
    labels: label === undefined ? {} : { [label]: ['a'] },
    metrics: { [name]: metric },
    query: (sql) => sql`SELECT 1`,
  }).collector
}

/** The names that promtool has something to say of, among those on a page. */
function complainedOf(t: Test, page: string): Set<string> {
  const { stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
  t.equal(error, undefined)
  t.notMatch(stderr, /error while linting/)
  return new Set(stderr.split('\n').flatMap((line) => line.split(' ', 1)[0] || []))
}

const units = [
  ...['seconds', 'bytes', 'meters', 'metres', 'grams', 'joules', 'volts', 'amperes', 'celsius', 'kelvin'],
  ...[
    'minutes',
    'hours',
    'days',
    'weeks',
    'bits',
    'inches',
    'yards',
    'miles',
    'calories',
    'pounds',
    'ounces',
  ],
  ...['fahrenheit', 'rankine', 'milliseconds', 'kilobytes', 'gibibytes', 'microvolts', 'kilominutes'],
]
const words = [
  ...['things', 'total', 'bucket', 'count', 'sum', 'info', 'created', 'ratio', 'percent', 'value', 'other'],
  ...[
    's',
    'ms',
    'us',
    'ns',
    'sec',
    'b',
    'kb',
    'mb',
    'gb',
    'tb',
    'pb',
    'm',
    'h',
    'd',
    'min',
    'hr',
    'MS',
    'milli',
  ],
  ...['gauge', 'counter', 'summary', 'histogram', 'untyped', 'timestamp', 'Gauge', 'gauges'],
  ...['camelCase', 'UPPER', 'Title', 'a:b', '1st', 'millisecondsx', 'seconds:', 'Hours', 'count:x'],
]
// No two units: which one of them counts is not the same in every version of promtool, nor in each of its runs.
const names = words.flatMap((a) => [
  ...words.map((b) => `business_${a}_${b}`),
  ...units.flatMap((unit) => [`business_${a}_${unit}`, `business_${unit}_${a}`]),
])

t.test(
  'of every name of two such words, promtool and the lint find the same ones wrong',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    for (const [type, { metric, value }] of Object.entries(TYPES)) {
      const collectors = names.map((name) => collectorOf(name, metric))
      const page = collectors.flatMap((collector) => [
        ...renderFamilies(collector, [{ labels: [], values: [value] }]),
      ])
      const found = collectors.filter((collector) => lint(collector).length > 0)
      const wrong = complainedOf(t, page.join(''))
      t.ok(wrong.size > 0 && wrong.size < names.length)
      t.same(found.map(({ metrics: [metric] }) => metric?.name).sort(), [...wrong].sort(), type)
    }
  },
)

t.test(
  'of labels, promtool and the lint find the same ones wrong',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    for (const [type, { metric, value }] of Object.entries(TYPES)) {
      for (const label of ['kind', 'le', 'quantile', 'actionType', 'Kind', 'LE', 'action_type']) {
        if (type === 'histogram' && label === 'le') continue
        const name = type === 'counter' ? 'business_things_total' : 'business_things'
        const collector = collectorOf(name, metric, label)
        const page = [...renderFamilies(collector, [{ labels: ['a'], values: [value] }])].join('')
        t.equal(lint(collector).length > 0, complainedOf(t, page).size > 0, `${type} ${label}`)
      }
    }
  },
)

t.test(
  'what promtool holds against a family without help cannot be defined',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    t.same([...complainedOf(t, '# TYPE things gauge\nthings 1\n')], ['things'])
    t.throws(() => collectorOf('things', gauge('')), /no help text/)
  },
)

for (const unit of BASE_UNITS) {
  t.test(`a name may end in ${unit}`, async (t) => {
    t.same(lint(collectorOf(`business_x_${unit}`, gauge('Things.'))), [])
  })
}

const lessons: [name: string, type: string, says: RegExp][] = [
  [
    'business_things',
    'counter',
    /^business_things: .*_total is of unknown type .* — write: business_things_total$/,
  ],
  ['business_things_total', 'gauge', /only the name of a counter ends in _total, and this is a gauge/],
  [
    'business_wait_minutes',
    'gauge',
    /"minutes" is not a base unit — write: business_wait_seconds, in seconds/,
  ],
  [
    'business_size_kilobytes',
    'gauge',
    /"kilobytes" is not a base unit — write: business_size_bytes, in bytes/,
  ],
  ['business_wait_ms', 'gauge', /"ms" looks like the abbreviation of a unit/],
  ['business_things_count', 'gauge', /ends in _count is one of a histogram's/],
  ['business_newThings', 'gauge', /camelCase — write: business_new_things/],
  ['business:things', 'gauge', /colons/],
  ['business_things_gauge', 'gauge', /"gauge" is a type/],
]
for (const [name, type, says] of lessons) {
  t.test(`${name} as a ${type} is told what is wrong`, async (t) => {
    const { metric } = TYPES[type] ?? {}
    if (metric === undefined) throw new Error(type)
    const findings = lint(collectorOf(name, metric))
    t.equal(findings.length, 1)
    t.match(findings.map((finding) => renderFinding(finding))[0], says)
  })
}
