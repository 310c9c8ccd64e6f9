import type { Finding } from '../finding.ts'
import type { Collector, CollectorMetric } from './collector.ts'
import { BASE_UNITS, type BaseUnit } from './metric-names.ts'

/** Units that are not base units, by the base unit to use in their place. */
const OTHER_UNITS = {
  bytes: ['bits'],
  celsius: ['fahrenheit', 'rankine'],
  grams: ['pounds', 'ounces'],
  joules: ['calories'],
  meters: ['inches', 'yards', 'miles'],
  seconds: ['minutes', 'hours', 'days', 'weeks'],
} satisfies Partial<Record<BaseUnit, readonly string[]>>
/** The base unit of each unit. A ratio is left out: in a name that has both, the other word is the unit. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ...BASE_UNITS.filter((unit) => unit !== 'ratio').map((unit): [string, string] => [unit, unit]),
  ...Object.entries(OTHER_UNITS).flatMap(([base, units]) =>
    units.map((unit): [string, string] => [unit, base]),
  ),
])
const PREFIX =
  /^(pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)/
const ABBREVIATED = /_(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(_|$)/i
const TYPED = /_(counter|gauge|summary|histogram)(_|$)/i
const CAMEL = /[a-z][A-Z]/

/**
 * Finds what `promtool check metrics` would find in a collector's metrics; each problem begins with the metric's name.
 * A missing help text is not among them, because such a collector cannot be defined.
 * https://github.com/prometheus/client_golang/tree/main/prometheus/testutil/promlint
 */
export function lint({ labels, metrics }: Collector): Finding[] {
  const names = labels.map(({ name }) => name)
  return metrics.flatMap((metric) =>
    findingsOf(metric, names).map(({ problem, advice, about = metric.name }) => ({
      problem: `${metric.name}: ${problem}`,
      advice,
      about,
    })),
  )
}

function findingsOf({ name, type }: CollectorMetric, labels: readonly string[]): Finding[] {
  const findings: Finding[] = []
  const check = (wrong: boolean, problem: string, advice?: string, about?: string) => {
    if (wrong) findings.push({ problem, advice, about })
  }
  const counts = type === 'counter'
  check(
    counts && !name.endsWith('_total'),
    'a counter whose name does not end in _total is of unknown type in OpenMetrics',
    `write: ${name}_total`,
  )
  check(
    !counts && name.endsWith('_total'),
    `only the name of a counter ends in _total, and this is a ${type}`,
  )
  if (type !== 'histogram') {
    const [reserved] = /_(bucket|count|sum)$/.exec(name) ?? []
    check(reserved !== undefined, `a name that ends in ${reserved} is one of a histogram's`)
    check(labels.includes('le'), 'the label "le" is the bucket bound of a histogram')
  }
  check(labels.includes('quantile'), 'the label "quantile" is that of a summary')
  const known = unitOf(name)
  if (known !== undefined) {
    const { unit, base } = known
    const advice = `write: ${name.replace(unit, base)}, in ${base}`
    check(unit !== base, `the unit "${unit}" is not a base unit`, advice)
  }
  const [, abbreviated] = ABBREVIATED.exec(name) ?? []
  check(abbreviated !== undefined, `"${abbreviated}" looks like the abbreviation of a unit`, 'write it out')
  const [, typed] = TYPED.exec(name) ?? []
  check(typed !== undefined, `"${typed}" is a type of metrics, which no name needs to say`)
  check(name.includes(':'), 'colons are for the names of recording rules')
  check(CAMEL.test(name), 'it is in camelCase', `write: ${snake(name)}`)
  for (const label of labels) {
    check(CAMEL.test(label), `its label "${label}" is in camelCase`, `write: ${snake(label)}`, label)
  }
  return findings
}

/** The first word of a name that is a unit, and its base unit. */
function unitOf(name: string): { readonly unit: string; readonly base: string } | undefined {
  for (const unit of name.split('_')) {
    const base = UNITS.get(unit) ?? UNITS.get(unit.replace(PREFIX, ''))
    if (base !== undefined) return { unit, base }
  }
  return undefined
}

function snake(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
}
