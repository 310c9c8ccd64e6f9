import { basename } from 'node:path'
import type { Finding } from '../finding.ts'
import { formatDuration } from '../time/duration.ts'
import type { Collector, CollectorLabel, CollectorMetric } from './collector.ts'

const BUSINESS = 'business_'
/** The names that Prometheus gives to metrics and labels of its own: https://prometheus.io/docs/concepts/jobs_instances/ */
const OWN_METRIC = /^(up$|scrape_|ALERTS)/
const OWN_LABEL = /^(job$|instance$|exported_|__)/

/** Warns of a definition that does something else than it seems to. `file` is its path, `tick` is in milliseconds. */
export function definitionWarnings(collector: Collector, file: string | null, tick: number): Finding[] {
  const short = shortInterval(collector, tick)
  return [
    ...(short === undefined ? [] : [short]),
    ...longTimeout(collector, tick),
    ...otherName(collector, file),
    ...collector.metrics.flatMap(metricWarnings),
    ...collector.labels.flatMap(labelWarnings),
  ]
}

function longTimeout({ timeout }: Collector, tick: number): Finding[] {
  if (timeout === undefined || timeout <= tick) return []
  const [own, beat] = [formatDuration(timeout), formatDuration(tick)]
  const problem = `its timeout ${own} is above METRICS_TICK_DURATION (${beat}): while it runs, ticks are skipped and no page is new`
  return [{ problem, advice: `write: timeout: '${beat}' or shorter`, about: 'timeout' }]
}

function otherName({ name }: Collector, file: string | null): Finding[] {
  const own = file === null ? name : basename(file).replace(/\.[cm]?[jt]s$/, '')
  if (own.replaceAll('_', '-') === name.replaceAll('_', '-')) return []
  const problem = `its name is "${name}", and its file is ${own}: the log, COLLECTORS and the metrics have its name`
  return [{ problem, advice: `write: name: '${slug(own)}'`, about: 'name' }]
}

/** A file's name as a collector's. */
function slug(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]/)
  return words.filter((word) => word !== '').join('-')
}

function metricWarnings({ name, type, zeros }: CollectorMetric): Finding[] {
  const findings: Finding[] = []
  const check = (wrong: boolean, problem: string, advice: string) => {
    if (wrong) findings.push({ problem: `${name}: ${problem}`, advice: `write: ${advice}`, about: name })
  }
  const isOwn = OWN_METRIC.test(name)
  check(isOwn, 'Prometheus writes metrics of that name itself', `${BUSINESS}${name}`)
  check(
    !isOwn && !name.startsWith(BUSINESS),
    'what the business counts begins with business_, so that it is told from the metrics of programs',
    `${BUSINESS}${name}`,
  )
  check(
    type === 'gauge' && zeros && name.endsWith('_timestamp_seconds'),
    'a gauge is 0 where there is no row, which is the year 1970',
    `${name}: timestamp('…')`,
  )
  check(
    /_percent(age)?(_|$)/.test(name),
    'the base unit is a ratio, from 0 to 1',
    name.replace(/_percent(age)?/, '_ratio'),
  )
  return findings
}

function labelWarnings({ name }: CollectorLabel): Finding[] {
  const advice = 'give it another name'
  if (OWN_LABEL.test(name)) {
    const problem = `Prometheus has a label "${name}" of its own, and renames this one to exported_${name}`
    return [{ problem, advice, about: name }]
  }
  if (name !== 'database') return []
  const problem = 'the label "database" is the name of the database, as soon as DATABASE_URL gives names'
  return [{ problem, advice, about: name }]
}

/**
 * Warns of an interval that is shorter than the tick: nothing runs between two ticks. It is no error, because
 * METRICS_TICK_DURATION is the operator's choice.
 */
export function shortInterval({ interval }: Collector, tick: number): Finding | undefined {
  if (interval === undefined || interval >= tick) return undefined
  const [own, beat] = [formatDuration(interval), formatDuration(tick)]
  return {
    problem: `its interval ${own} is below METRICS_TICK_DURATION (${beat}), so that it runs at every tick`,
    advice: `write: interval: '${beat}' or longer, or leave it out`,
    about: 'interval',
  }
}
