import type { ISql } from 'postgres'
import type { Collector } from '../contract/collector.ts'
import type { QueryContext } from '../contract/definition.ts'

/**
 * The `observe` of one query: writes, as one text column named after the histogram, the counts of values at most each
 * bucket's bound, the count of values and their sum, parted by spaces. A bound is inclusive, as `le` is
 * (https://prometheus.io/docs/concepts/metric_types/#histogram); PostgreSQL's width_bucket has it exclusive.
 */
export function observer(sql: ISql, { name, metrics }: Collector): QueryContext['observe'] {
  return (histogram, expression) => {
    const metric = metrics.find((metric) => metric.name === histogram && metric.type === 'histogram')
    if (metric === undefined)
      throw new Error(`collector "${name}": observe('${histogram}', …) names none of its histograms`)
    // The bounds are finite numbers of the definition, and are written as numbers so that PostgreSQL compares exactly.
    const counts = metric.buckets.map(
      (bound) => sql`count(*) FILTER (WHERE ${expression} <= ${sql.unsafe(String(bound))}), `,
    )
    return sql`concat_ws(' ', ${counts}count(${expression}), coalesce(sum(${expression}), 0)) AS ${sql(metric.name)}`
  }
}
