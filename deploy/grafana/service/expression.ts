/** Selects what the dashboard's choices are, of metrics that are one for all databases. */
export const on = 'job=~"$job", instance=~"$instance"'
/** Selects what the dashboard's choices are, of metrics of a database; one without a name has no such label, and is in all. */
export const of = `${on}, database=~"$database"`
