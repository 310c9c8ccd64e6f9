/** Selects what the dashboard's choices are. */
export const on = 'job=~"$job", instance=~"$instance"'
