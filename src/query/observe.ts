import type { ISql } from 'postgres'
import type { Collector } from '../contract/collector.ts'
import type { QueryContext } from '../contract/definition.ts'

/**
 * Makes the `observe` of one query. It writes a text column named after the histogram: for each bucket the count of
 * values up to its bound, then the count of all values and their sum, separated by spaces. A bound is inclusive, as `le`
 * is (https://prometheus.io/docs/concepts/metric_types/#histogram); PostgreSQL's width_bucket has it exclusive.
 */
export function observer(sql: ISql, { name, metrics }: Collector): QueryContext['observe'] {
  return (histogram, expression) => {
    const metric = metrics.find((metric) => metric.name === histogram && metric.type === 'histogram')
    if (metric === undefined)
      throw new Error(`collector "${name}": observe('${histogram}', …) names none of its histograms`)
    // The bounds are finite numbers from the definition. Literals make PostgreSQL compare exactly.
    const counts = metric.buckets.map(
      (bound) => sql`count(*) FILTER (WHERE ${expression} <= ${sql.unsafe(String(bound))}), `,
    )
    return sql`concat_ws(' ', ${counts}count(${expression}), coalesce(sum(${expression}), 0)) AS ${sql(metric.name)}`
  }
}
