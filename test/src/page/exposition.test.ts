import { spawnSync } from 'node:child_process'
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import fc from 'fast-check'
import t from 'tap'
import {
  counter,
  defineCollector,
  gauge,
  histogram,
  type Metric,
  open,
  timestamp,
} from '../../../src/collector.ts'
import type { Collector } from '../../../src/contract/collector.ts'
import { renderFamilies } from '../../../src/page/exposition.ts'
import type { LabelSet, Value } from '../../../src/rows/label-set.ts'

function collectorOf(labels: readonly string[], metrics: Readonly<Record<string, Metric>>): Collector {
  return defineCollector({
    name: 'generated',
    labels: Object.fromEntries(labels.map((name) => [name, open(100)])),
    metrics,
    query: (sql) => sql`SELECT 1`,
  }).collector
}

/** A family in the terms of both sides: what is set or observed for each label set. */
interface Family {
  readonly name: string
  readonly metric: Metric
  /** For each label set: a value, values to observe, or undefined for no sample. */
  readonly given: readonly (number | readonly number[] | undefined)[]
}
interface Page {
  readonly labels: readonly string[]
  readonly sets: readonly (readonly string[])[]
  readonly families: readonly Family[]
}

/** What a query's `observe` gives for these observations: cumulative counts, the count and the sum. */
function distribution(buckets: readonly number[], observed: readonly number[]): readonly number[] {
  return [
    ...buckets.map((bound) => observed.filter((value) => value <= bound).length),
    observed.length,
    observed.reduce((sum, value) => sum + value, 0),
  ]
}

function renderOurs({ labels, sets, families }: Page): string {
  const collector = collectorOf(
    labels,
    Object.fromEntries(families.map(({ name, metric }) => [name, metric])),
  )
  const labelSets = sets.map(
    (texts, i): LabelSet => ({
      labels: texts,
      values: families.map(({ metric, given }): Value | undefined => {
        const value = given[i]
        return typeof value === 'object' ? distribution(metric.buckets, value) : value
      }),
    }),
  )
  return [...renderFamilies(collector, labelSets)].join('')
}

/** What the official client makes of the same page. */
async function renderTheirs({ labels, sets, families }: Page): Promise<string> {
  const registry = new Registry()
  for (const { name, metric, given } of families) {
    const options = { name, help: metric.help, labelNames: [...labels], registers: [registry] }
    const each = <T>(put: (pairs: Record<string, string>, value: T) => void) => {
      for (const [i, texts] of sets.entries()) {
        const pairs = Object.fromEntries(labels.map((label, j) => [label, texts[j] ?? '']))
        if (given[i] !== undefined) put(pairs, given[i] as T)
      }
    }
    if (metric.type === 'histogram') {
      const theirs = new Histogram({ ...options, buckets: [...metric.buckets] })
      each<readonly number[]>((pairs, values) => {
        theirs.zero(pairs)
        for (const value of values) theirs.observe(pairs, value)
      })
    } else if (metric.type === 'counter') {
      const theirs = new Counter(options)
      each<number>((pairs, value) => theirs.inc(pairs, value))
    } else {
      const theirs = new Gauge(options)
      each<number>((pairs, value) => theirs.set(pairs, value))
    }
  }
  return registry.metrics()
}

/**
 * The lines of a page in one order, and in each line the labels in one order: neither has a meaning in the format, and
 * the client writes "le" first. It also parts families by empty lines, which the format ignores.
 */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name, pairs, value] = /^([^#{ ]+)\{(.*)\} (\S+)$/su.exec(line) ?? []
      if (pairs === undefined) return line
      return `${name}{${pairs.match(/\w+="(\\.|[^"\\])*"/gsu)?.sort()}} ${value}`
    })
    .sort()
}

/** Characters that the format escapes or gives a meaning to, and any others. */
const character = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('"', '\\', '\n', '\r', '\t', ' ', '{', '}', ',', '=', '#', 'n', '🦀', 'é'),
  },
  // The client keeps a label set under its values joined by "|", unescaped, so that two sets may be one to it.
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => c !== '|'),
  },
)
const text = fc.string({ unit: character, maxLength: 8 })
const help = fc.string({ unit: character, minLength: 1, maxLength: 20 }).filter((help) => help.trim() !== '')
const metricName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/).filter((name) => !/^(__|le$)/.test(name))
// Only finite ones: others are refused before they get here.
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
const positive = number.map(Math.abs)
// Small enough for their sum to be finite.
const observed = fc.double({ noNaN: true, min: -1e6, max: 1e6 })
const buckets = fc
  .uniqueArray(fc.oneof(fc.integer({ min: -10, max: 1000 }), observed), { minLength: 1, maxLength: 5 })
  // The client counts a value past the last bound in a bucket of -1, if there is one.
  .map((bounds) => [...new Set(bounds.map((bound) => (bound === -1 ? 1 : bound + 0)))].sort((a, b) => a - b))

function family(sets: number, labelled: boolean): fc.Arbitrary<Family> {
  const each = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: sets, maxLength: sets })
  // The client always shows a gauge that has no labels.
  const maybe = labelled ? fc.option(number, { nil: undefined }) : number
  return fc.oneof(
    fc.record({ name: metricName, metric: help.map((help) => gauge(help)), given: each(number) }),
    fc.record({ name: metricName, metric: help.map((help) => timestamp(help)), given: each(maybe) }),
    fc.record({ name: metricName, metric: help.map(counter), given: each(positive) }),
    fc.record({
      name: metricName,
      metric: fc.tuple(help, buckets).map(([help, buckets]) => histogram(help, buckets)),
      given: each(fc.array(observed, { maxLength: 6 })),
    }),
  )
}

const page: fc.Arbitrary<Page> = fc.uniqueArray(labelName, { maxLength: 3 }).chain((labels) => {
  const set = fc.tuple(...labels.map(() => text))
  const sets = fc.uniqueArray(set, {
    minLength: labels.length === 0 ? 1 : 0,
    maxLength: labels.length === 0 ? 1 : 4,
    selector: (texts) => JSON.stringify(texts),
  })
  return sets.chain((sets) =>
    fc.record({
      labels: fc.constant(labels),
      sets: fc.constant(sets),
      families: fc
        .uniqueArray(family(sets.length, labels.length > 0), {
          minLength: 1,
          maxLength: 4,
          selector: ({ name }) => name,
        })
        // A collector does not take one name for a label and a metric.
        .filter((families) => families.every(({ name }) => !labels.includes(name))),
    }),
  )
})

t.test('a page has the lines that the official client writes for the same samples', async (t) => {
  await fc.assert(
    fc.asyncProperty(page, async (page) => {
      const ours = linesOf(renderOurs(page))
      // The client writes the sum of observations that may be negative, which is no sum that only grows.
      const sums = page.families.flatMap(({ name, metric: { buckets } }) =>
        buckets.some((bound) => bound < 0) ? `${name}_sum` : [],
      )
      const theirs = linesOf(await renderTheirs(page)).filter(
        (line) => !sums.includes(line.split(/[ {]/, 1)[0] ?? ''),
      )
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
        throw new Error(`ours:\n${ours.join('\n')}\ntheirs:\n${theirs.join('\n')}`)
      }
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('every line of a page ends in a newline, the last one too', async () => {
  fc.assert(fc.property(page, (page) => renderOurs(page).endsWith('\n')))
})

t.test('the lines of a family come together, help and type first', async () => {
  const familyOf = (line: string) => /^(?:# (?:HELP|TYPE) )?([a-zA-Z0-9_:]+)/.exec(line)?.[1] ?? ''
  fc.assert(
    fc.property(page, (page) => {
      const lines = renderOurs(page).split('\n').slice(0, -1)
      for (const { name } of page.families) {
        const first = lines.findIndex((line) => line.startsWith(`# HELP ${name} `))
        if (!lines[first + 1]?.startsWith(`# TYPE ${name} `)) return false
        const next = lines.findIndex((line, i) => i > first && line.startsWith('# HELP '))
        const samples = lines.slice(first + 2, next === -1 ? undefined : next)
        const suffixes = ['', '_bucket', '_sum', '_count']
        if (!samples.every((line) => suffixes.some((suffix) => familyOf(line) === name + suffix)))
          return false
      }
      return true
    }),
  )
})

// The examples of https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-example
t.test('label values are escaped as in the example of the format', async (t) => {
  const collector = collectorOf(['path', 'error'], { msdos_file_access_time_seconds: gauge('Access time.') })
  const sets = [{ labels: ['C:\\DIR\\FILE.TXT', 'Cannot find file:\n"FILE.TXT"'], values: [1458255915] }]
  t.match(
    [...renderFamilies(collector, sets)].join(''),
    String.raw`msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1458255915` +
      '\n',
  )
})

t.test('a histogram is written as in the example of the format', async (t) => {
  const collector = collectorOf([], {
    http_request_duration_seconds: histogram(
      'A histogram of the request duration.',
      [0.05, 0.1, 0.2, 0.5, 1],
    ),
  })
  const sets = [{ labels: [], values: [[24054, 33444, 100392, 129389, 133988, 144320, 53423]] }]
  t.equal(
    [...renderFamilies(collector, sets)].join(''),
    `# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="0.1"} 33444
http_request_duration_seconds_bucket{le="0.2"} 100392
http_request_duration_seconds_bucket{le="0.5"} 129389
http_request_duration_seconds_bucket{le="1"} 133988
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
`,
  )
})

t.test('a help text keeps its quotes, and has its newlines and backslashes escaped', async (t) => {
  const collector = collectorOf([], { business_things: gauge('Things,\nas in "C:\\things".') })
  t.match(
    [...renderFamilies(collector, [])].join(''),
    '# HELP business_things Things,\\nas in "C:\\\\things".\n',
  )
})

t.test('a timestamp is a gauge to Prometheus', async (t) => {
  const collector = collectorOf([], { business_last_timestamp_seconds: timestamp('The last one.') })
  t.match([...renderFamilies(collector, [])].join(''), '# TYPE business_last_timestamp_seconds gauge\n')
})

t.test('a family without samples still has its help and its type', async (t) => {
  const collector = collectorOf(['kind'], { business_things: gauge('Things.') })
  t.equal(
    [...renderFamilies(collector, [])].join(''),
    '# HELP business_things Things.\n# TYPE business_things gauge\n',
  )
})

const promtool = spawnSync('promtool', ['--version'])
const missing = promtool.error !== undefined && process.env.CI !== 'true'

t.test(
  'promtool has nothing to say about a page',
  { skip: missing && 'promtool is not on the PATH: install the package prometheus (Debian, Ubuntu)' },
  async (t) => {
    const metrics = {
      business_things: gauge('Things, in "all"\nof C:\\.'),
      business_things_total: counter('Things ever.'),
      business_thing_seconds: histogram('How long a thing takes.', [0.1, 1, 60]),
      business_thing_last_timestamp_seconds: timestamp('The last thing.'),
    }
    // Names are fixed, for promtool has a view on those; what is in the labels and the samples is generated.
    const set = fc.record({
      labels: fc.tuple(text, text),
      values: fc.tuple(
        number,
        positive,
        fc.array(observed).map((values) => distribution([0.1, 1, 60], values)),
        fc.option(positive, { nil: undefined }),
      ),
    })
    const [sets = []] = fc.sample(
      fc.uniqueArray(set, {
        minLength: 50,
        maxLength: 200,
        selector: ({ labels }) => JSON.stringify(labels),
      }),
      1,
    )
    const input = [...renderFamilies(collectorOf(['kind', 'provider'], metrics), sets)].join('')
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input })
    t.strictSame(
      { error, status, says: `${stdout ?? ''}${stderr ?? ''}` },
      { error: undefined, status: 0, says: '' },
      error || status ? { page: input } : {},
    )
  },
)
