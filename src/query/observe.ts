import type { ISql } from 'postgres'
import type { Collector } from '../contract/collector.ts'
import type { QueryContext } from '../contract/definition.ts'
import { takesNegative } from '../contract/metric.ts'

/**
 * Makes the `observe` of one query. It writes a text column named after the histogram, of numbers that spaces separate.
 * For each bucket there is the count of values up to its bound: that is inclusive, as `le` is
 * (https://prometheus.io/docs/concepts/metric_types/#histogram), and PostgreSQL's width_bucket has it exclusive. Then come
 * the count of all values, the sum of those that a bucket takes, and the counts of those below and above them: negative
 * ones, unless a bound is negative, and NaN and infinities. The reader of the column subtracts these, because in SQL that
 * would repeat the expression. Functions and operators are PostgreSQL's, whatever else a schema of the search_path has:
 * https://www.postgresql.org/docs/current/typeconv-oper.html
 */
export function observer(sql: ISql, { name, metrics }: Collector): QueryContext['observe'] {
  return (histogram, expression) => {
    const metric = metrics.find((metric) => metric.name === histogram && metric.type === 'histogram')
    if (metric === undefined)
      throw new Error(`collector "${name}": observe('${histogram}', …) names none of its histograms`)
    // The bounds are finite numbers from the definition. Literals make PostgreSQL compare exactly.
    const number = (value: number) => sql.unsafe(String(value))
    const value = sql`(${expression})`
    const counts = metric.buckets.map((bound) => {
      const literal = isRounded(bound) ? sql`coalesce(${number(bound)}, ${value})` : number(bound)
      return sql`pg_catalog.count(*) FILTER (WHERE ${value} OPERATOR(pg_catalog.<=) ${literal}), `
    })
    // PostgreSQL has NaN above all numbers, and CockroachDB has it below.
    const least = number(takesNegative(metric) ? -Number.MAX_VALUE : 0)
    const most = number(Number.MAX_VALUE)
    const isBelow = sql`${value} OPERATOR(pg_catalog.<) ${least}`
    const isAbove = sql`${value} OPERATOR(pg_catalog.>) ${most}`
    // The sum of reals is a real, with few digits; that of anything plus 0 is not.
    return sql`pg_catalog.concat_ws(' ', ${counts}pg_catalog.count(${value}),
      coalesce(pg_catalog.sum(${value} OPERATOR(pg_catalog.+) 0) FILTER (WHERE NOT (${isBelow} OR ${isAbove})), 0),
      pg_catalog.count(*) FILTER (WHERE ${isBelow}), pg_catalog.count(*) FILTER (WHERE ${isAbove})
    ) AS ${sql(metric.name)}`
  }
}

/**
 * Whether a bound is another number as a `real`. Then its literal has to be of the expression's type, or a real that
 * equals it would be compared with the nearest double. `coalesce` makes it so, once, when the query is planned:
 * https://www.postgresql.org/docs/current/typeconv-union-case.html
 */
function isRounded(bound: number): boolean {
  const real = Math.fround(bound)
  // PostgreSQL refuses to make a real of what is too large or too small for one.
  return real !== bound && real !== 0 && Number.isFinite(real)
}
