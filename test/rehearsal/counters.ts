import type { Test } from 'tap'
import { writeTo } from '../cluster/primary.ts'
import { answered } from '../cluster/session.ts'
import { poll } from '../poll.ts'
import { nameOf, none, stored } from './series.ts'
import type { Stage } from './stage.ts'

/** Milliseconds until what was committed last has to be counted. */
const PATIENCE = 60_000
const COUNTERS = '{__name__=~"business_.+_(total|bucket|sum|count)"}'

/** What SQL counts: the value of each series. */
async function counted({ cluster }: Stage): Promise<ReadonlyMap<string, number>> {
  let rows: readonly { name: string; labels: Record<string, string>; value: string }[] = []
  await writeTo(cluster, async (sql) => {
    rows = await sql<{ name: string; labels: Record<string, string>; value: string }[]>`
      WITH counted AS (
        SELECT CASE WHEN kind IN ('a', 'b') THEN kind ELSE 'other' END AS kind, shop, amount, seconds FROM rows
      ), bounds AS (
        SELECT unnest(ARRAY[0.1, 1, 10, 'Infinity'])::float8 AS le
      )
      SELECT 'business_rows_total' AS name, jsonb_build_object('kind', kind, 'shop', shop) AS labels, count(*)::text AS value
        FROM counted GROUP BY kind, shop
      UNION ALL
      SELECT 'business_amount_total', jsonb_build_object('kind', kind, 'shop', shop), sum(amount)::text
        FROM counted GROUP BY kind, shop
      UNION ALL
      SELECT 'business_took_seconds_count', jsonb_build_object('kind', kind, 'shop', shop), count(*)::text
        FROM counted GROUP BY kind, shop
      UNION ALL
      SELECT 'business_took_seconds_sum', jsonb_build_object('kind', kind, 'shop', shop), sum(seconds)::text
        FROM counted GROUP BY kind, shop
      UNION ALL
      SELECT 'business_took_seconds_bucket', jsonb_build_object('kind', kind, 'shop', shop, 'le', le::text),
             (count(*) FILTER (WHERE seconds <= le))::text
        FROM counted CROSS JOIN bounds GROUP BY kind, shop, le`
  })
  return new Map(
    rows.map(({ name, labels, value }) => [nameOf({ __name__: name, ...labels }), Number(value)]),
  )
}

/** Whether two numbers are the same, but for what a sum of binary fractions leaves. */
const same = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(other))

/** Checks each counter that Prometheus has against SQL: its increments are what there is, and none is below 0. */
export async function checkCounters(t: Test, stage: Stage): Promise<void> {
  const expected = await counted(stage)
  const wrong = async () => {
    const series = await stage.prometheus.query(COUNTERS)
    const last = new Map(series.map(({ metric, value }) => [nameOf(metric), Number(value[1])]))
    return [...expected].filter(([name, value]) => !same(last.get(name) ?? Number.NaN, value))
  }
  // What is still wrong then is told below.
  await answered(
    poll(wrong, (wrong) => wrong.length === 0),
    PATIENCE,
  ).catch(() => {})
  const problems: string[] = []
  const found = new Set<string>()
  for (const { metric, samples } of await stored(stage.prometheus, COUNTERS)) {
    const name = nameOf(metric)
    found.add(name)
    const values = samples.map(([, value]) => value)
    const [first = Number.NaN] = values
    const increment = values
      .slice(1)
      .reduce((sum, value, i) => sum + Math.max(0, value - (values[i] ?? 0)), 0)
    const wanted = expected.get(name) ?? 0
    // A scrape that was answered too late for Prometheus has had the 0.
    if (first !== 0 && !stage.stalls.tooMany) problems.push(`${name} begins with ${first}`)
    if (!same(first + increment, wanted))
      problems.push(`${name}: ${first} and the increments are ${first + increment}, SQL has ${wanted}`)
    const falls = values.findIndex((value, i) => value < (values[i - 1] ?? 0))
    if (falls >= 0) problems.push(`${name} falls from ${values[falls - 1]} to ${values[falls]}`)
  }
  problems.push(
    ...[...expected.keys()].filter((name) => !found.has(name)).map((name) => `${name} is missing`),
  )
  const rows = [...expected].filter(([name]) => name.startsWith('business_rows_total'))
  t.comment(
    `${found.size} counters; SQL has ${rows.reduce((sum, [, value]) => sum + value, 0)} rows in ${expected.size} series`,
  )
  none(t, problems, 'each counter in Prometheus is what SQL counts')
}
