import type { Test } from 'tap'
import type { PrometheusClient } from '../prometheus.ts'
import type { Stalls } from './stalls.ts'

/** A series, as Prometheus has stored it. */
export interface Stored {
  readonly metric: Readonly<Record<string, string>>
  /** In seconds since 1970, to the millisecond, and the value. */
  readonly samples: readonly (readonly [at: number, value: number])[]
}

/** What the API answers: https://prometheus.io/docs/prometheus/latest/querying/api/#range-vectors */
interface Matrix {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>
    readonly values: readonly (readonly [number, string])[]
  }[]
}

/** How far back is looked, which is before the beginning. */
const ALL = '2h'

/** All samples of the series that a selector selects, up to a moment in seconds since 1970. */
export async function stored(
  prometheus: PrometheusClient,
  selector: string,
  until = Date.now() / 1000,
): Promise<Stored[]> {
  const query = { query: `${selector}[${ALL}]`, time: until.toFixed(3) }
  const { result } = await prometheus.get<Matrix>('query', query)
  return result.map(({ metric, values }) => ({
    metric,
    samples: values.map(([at, value]) => [at, Number(value)]),
  }))
}

/** The name of a series and its own labels. A bound of a bucket is written as a number. */
export function nameOf({
  __name__ = '',
  job,
  instance,
  ...labels
}: Readonly<Record<string, string>>): string {
  const { le, ...rest } = labels
  const all = le === undefined ? rest : { ...rest, le: le === '+Inf' ? 'Infinity' : String(Number(le)) }
  const texts = Object.keys(all)
    .sort()
    .map((label) => `${label}=${JSON.stringify(all[label as keyof typeof all])}`)
  return `${__name__}{${texts.join()}}`
}

/** How many problems are told. */
const TOLD = 10

/** Asserts that there are no problems, and tells the first of them: one in the title, which a summary of failures has, too. */
export function none(t: Test, problems: readonly string[], title: string): void {
  t.equal(problems.length, 0, problems[0] === undefined ? title : `${title}: ${problems[0]}`)
  tell(t, problems)
}

/** The same of what depends on time: it is told alone when the machine had too much to do. */
export function noneInTime(t: Test, { stalls }: Timed, problems: readonly string[], title: string): void {
  if (problems.length > 0 && stalls.tooMany) {
    t.comment(`the machine had too much to do to say that ${title}: ${stalls}`)
    tell(t, problems)
  } else none(t, problems, title)
}

interface Timed {
  readonly stalls: Stalls
}

function tell(t: Test, problems: readonly string[]): void {
  for (const problem of problems.slice(0, TOLD)) t.comment(`  ${problem}`)
}
