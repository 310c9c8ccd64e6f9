/** Selects what the dashboard's choices are. */
export const job = 'job=~"$job", database=~"$database"'
export const provided = `${job}, provider=~"$provider"`

/** Several instances of the service tell of the same database: one of the copies, and never their sum. */
export const one = (expr: string) => `max without (instance, pod) (${expr})`
/** How much a counter rose in the 24 hours before: what instances counted that took each other's place is added up. */
export const perDay = (metric: string) =>
  `sum without (instance, pod) (increase(${metric}{${job}}[1d])) / count without (instance, pod) (${metric}{${job}})`
/** How much a counter rises in a second. */
export const rate = (selector: string) => one(`rate(${selector}[$__rate_interval])`)
