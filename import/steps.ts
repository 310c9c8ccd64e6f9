import type { Mapping } from './mapping.ts'

/** Keys of "global" that something here corresponds to. */
const KNOWN = ['min_interval', 'scrape_timeout', 'max_connections']

/** What to set for what the "global" of sql_exporter says. */
export function stepsOf(global: Mapping | undefined): string[] {
  if (global === undefined) return []
  const steps: string[] = []
  const timeout = global.text('scrape_timeout')
  // It is copied to a shell.
  if (timeout !== undefined && /^\w+$/.test(timeout))
    steps.push(`set COLLECTOR_TIMEOUT=${timeout}, for scrape_timeout`)
  const connections = global.text('max_connections')
  if (Number(connections) > 0) steps.push(`set COLLECTOR_CONCURRENCY=${connections}, for max_connections`)
  const rest = global.keys.filter((key) => !KNOWN.includes(key))
  if (rest.length > 0) steps.push(`know that nothing corresponds to ${rest.join(', ')}`)
  return steps
}
