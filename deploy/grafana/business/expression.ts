/** Selects what the dashboard's choices are. */
export const job = 'job=~"$job"'
export const provided = `${job}, provider=~"$provider"`

/** Several instances of the service tell of the same database: one of the copies, and never their sum. */
export const one = (expr: string) => `max without (instance, pod) (${expr})`
/** How much a counter rises in a second. */
export const rate = (selector: string) => one(`rate(${selector}[$__rate_interval])`)
