import { nearest } from '../config/nearest.ts'
import { type Finding, findingOf } from '../finding.ts'
import { formatDuration, parseDuration } from '../time/duration.ts'
import type { Definition } from './definition.ts'
import type { Label, Labels } from './label.ts'
import type { Metric, Metrics } from './metric.ts'
import { checkVersions } from './versions.ts'

const NAME = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/
/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/
/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
const LONGEST_IDENTIFIER = 63
/** A timer cannot wait longer than 2^31 - 1 milliseconds; this is far below it, and that of COLLECTOR_TIMEOUT. */
const LONGEST_TIMEOUT = parseDuration('24h')

const FIELDS = 'name labels metrics databases versions role interval timeout window query'.split(' ')
const TYPES: readonly unknown[] = ['gauge', 'counter', 'histogram', 'timestamp']
const ROLES: readonly unknown[] = ['primary', 'standby']
const FOLDS: readonly unknown[] = ['sum', 'min', 'max', 'none']

/** Everything that is wrong with a definition. JavaScript lets a file leave out or mistype any field of it. */
export function problemsOf(definition: Definition): Finding[] {
  const { name, labels = {}, metrics, query } = definition
  const findings: Finding[] = []
  if (typeof name !== 'string' || !NAME.test(name))
    findings.push({
      problem: 'its name is not lower-case words joined by hyphens or underscores',
      about: 'name',
    })
  if (typeof query !== 'function')
    findings.push({
      problem: 'it has no query',
      advice: 'write: query: (sql) => sql`SELECT …`',
      about: 'query',
    })
  if (Object.keys(metrics ?? {}).length === 0) {
    const advice = "write: metrics: { business_things: gauge('Things.') }"
    findings.push({ problem: 'it has no metrics', advice, about: 'metrics' })
  }
  return [
    ...problemsOfFields(definition, FIELDS, 'a collector'),
    ...findings,
    ...problemsOfMetrics(metrics ?? {}, labels),
    ...problemsOfLabels(labels),
    ...problemsOfWindow(definition),
    ...problemsOfDatabases(definition),
    ...problemsOfServers(definition),
    ...problemsOfInterval(definition),
    ...problemsOfTimeout(definition),
  ]
}

/** The fields that nothing has: JavaScript ignores them, and with them what they were meant to do. */
function problemsOfFields(given: object, known: readonly string[], what: string): Finding[] {
  return Object.keys(given)
    .filter((field) => !known.includes(field))
    .map((field) => {
      const meant = nearest(field, known)
      const problem = `${what} has no field "${field}"`
      return meant === undefined
        ? { problem, advice: `it has ${known.join(', ')}`, about: field }
        : { problem: `${problem}: did you mean "${meant}"?`, advice: `write: ${meant}: …`, about: field }
    })
}

/** Everything that is wrong with the metrics of a collector that has these labels. */
export function problemsOfMetrics(metrics: Metrics, labels: Labels): Finding[] {
  return Object.entries(metrics).flatMap(([name, metric]) =>
    [
      ...problemsOfColumn(name),
      ...(Object.hasOwn(labels, name) ? [{ problem: `"${name}" is both a label and a metric` }] : []),
      ...problemsOfMetric(name, metric, labels),
    ].map((finding) => ({ ...finding, about: name })),
  )
}

function problemsOfMetric(name: string, metric: Metric, labels: Labels): Finding[] {
  const findings: Finding[] = []
  const { type, fold } = metric ?? {}
  if (!TYPES.includes(type)) {
    const advice = `write: ${name}: gauge('…'), or counter, histogram or timestamp`
    findings.push({ problem: `metric "${name}" has no type that there is`, advice })
  }
  if (fold !== undefined && !FOLDS.includes(fold)) {
    const advice = `write: { fold: 'sum' }, or 'min', 'max' or 'none'`
    findings.push({ problem: `metric "${name}" has the fold ${JSON.stringify(fold)}`, advice })
  }
  if (!METRIC_NAME.test(name))
    findings.push({ problem: `"${name}" is not a metric name`, advice: 'use letters, digits, _ and :' })
  if (typeof metric?.help !== 'string' || metric.help.trim() === '')
    findings.push({ problem: `metric "${name}" has no help text` })
  if (metric?.type === 'histogram') {
    if (!areBounds(metric.buckets))
      findings.push({ problem: `histogram "${name}" needs finite bucket bounds in ascending order` })
    if (Object.hasOwn(labels, 'le'))
      findings.push({ problem: `the label "le" is the bucket bound of histogram "${name}"` })
  }
  return findings
}

function areBounds(buckets: readonly number[]): boolean {
  let last = Number.NEGATIVE_INFINITY
  for (const bound of buckets) {
    if (!Number.isFinite(bound) || bound <= last) return false
    last = bound
  }
  return buckets.length > 0
}

/** Everything that is wrong with the labels of a collector. */
export function problemsOfLabels(labels: Labels): Finding[] {
  return Object.entries(labels).flatMap(([name, label]) =>
    [...problemsOfColumn(name), ...problemsOfLabel(name, label)].map((finding) => ({
      ...finding,
      about: name,
    })),
  )
}

function problemsOfLabel(name: string, label: Label): Finding[] {
  const findings: Finding[] = []
  if (!LABEL_NAME.test(name)) {
    const advice = 'use letters, digits and _, and do not begin with __'
    findings.push({ problem: `"${name}" is not a label name`, advice })
  }
  if (typeof label !== 'object' || label === null) {
    const problem = `label "${name}" is ${JSON.stringify(label)}`
    return [...findings, { problem, advice: 'list its values, or write open(200)' }]
  }
  if ('open' in label) {
    if (Number.isInteger(label.open) && label.open > 0) return findings
    return [
      ...findings,
      {
        problem: `label "${name}": ${label.top ? 'top' : 'open'}(${label.open}) takes a whole number from 1`,
      },
    ]
  }
  if (!Array.isArray(label) || label.length === 0) {
    const problem = `label "${name}" has no values`
    return [...findings, { problem, advice: 'list them, or write open(200)' }]
  }
  for (const [i, value] of label.entries()) {
    const quoted = `label "${name}": ${JSON.stringify(value)}`
    if (typeof value !== 'string') findings.push({ problem: `${quoted} is not a string` })
    else if (label.indexOf(value) < i) findings.push({ problem: `${quoted} is listed twice` })
  }
  return findings
}

function problemsOfColumn(name: string): Finding[] {
  if (name.length <= LONGEST_IDENTIFIER) return []
  const limit = `${LONGEST_IDENTIFIER} characters, at which PostgreSQL cuts a column's name`
  return [{ problem: `"${name}" is longer than ${limit}` }]
}

function problemsOfWindow({ window, metrics }: Definition): Finding[] {
  if (window === undefined) return []
  const wrong = Object.entries(metrics ?? {}).filter(
    ([, metric]) => metric?.type === 'gauge' || metric?.type === 'timestamp',
  )
  return [
    ...problemsOfFields(window ?? {}, ['settle'], 'a window'),
    ...(window?.settle === undefined
      ? [{ problem: 'its window has no settle', advice: "write: window: { settle: '2m' }", about: 'window' }]
      : problemsOfDuration('settle', window.settle)),
    ...wrong.map(([name, { type }]) => ({
      problem: `"${name}" is a ${type}, and a window is for counters and histograms`,
      about: name,
    })),
    ...Object.entries(metrics ?? {})
      .filter(([, metric]) => metric?.type !== 'timestamp' && metric?.zeros === false)
      .map(([name]) => ({
        problem: `"${name}" has zeros: false, and in a window it starts from 0`,
        advice: 'leave zeros out',
        about: name,
      })),
  ]
}

function problemsOfDatabases({ databases }: Definition): Finding[] {
  const listed =
    Array.isArray(databases) && databases.length > 0 && databases.every((name) => typeof name === 'string')
  if (databases === undefined || listed) return []
  const problem = `its databases are ${JSON.stringify(databases)}`
  return [{ problem, advice: 'list their names, or leave it out for all', about: 'databases' }]
}

function problemsOfServers({ versions, role }: Definition): Finding[] {
  const findings: Finding[] = []
  if (role !== undefined && !ROLES.includes(role)) {
    const problem = `its role is ${JSON.stringify(role)}`
    findings.push({ problem, advice: "write: role: 'primary' or 'standby'", about: 'role' })
  }
  if (versions === undefined) return findings
  try {
    checkVersions(versions)
  } catch (error) {
    const { problem, advice } = findingOf(error)
    findings.push({ problem: `its versions ${problem}`, advice, about: 'versions' })
  }
  return findings
}

function problemsOfInterval({ interval }: Definition): Finding[] {
  return interval === undefined ? [] : problemsOfDuration('interval', interval)
}

function problemsOfTimeout({ timeout }: Definition): Finding[] {
  if (timeout === undefined) return []
  const findings = problemsOfDuration('timeout', timeout)
  if (findings.length > 0 || parseDuration(timeout) <= LONGEST_TIMEOUT) return findings
  return [{ problem: `its timeout is longer than ${formatDuration(LONGEST_TIMEOUT)}`, about: 'timeout' }]
}

function problemsOfDuration(field: 'interval' | 'timeout' | 'settle', text: string): Finding[] {
  try {
    return parseDuration(text) > 0 || field === 'settle'
      ? []
      : [{ problem: `its ${field} is 0`, about: field }]
  } catch (error) {
    return [{ problem: `its ${field} ${findingOf(error).problem}`, about: field }]
  }
}
