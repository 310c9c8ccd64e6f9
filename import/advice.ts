import type { Mapping } from './yaml.ts'

/** What to set here for what a configuration of sql_exporter says beside its collectors. */
export function adviceOf(document: Mapping): string[] {
  const global = document.mapping('global')
  return [...adviceOfTargets(document), ...(global === undefined ? [] : adviceOfGlobal(global))]
}

function adviceOfTargets(document: Mapping): string[] {
  const configs = document.mappings('jobs').flatMap((job) => job.mappings('static_configs'))
  const targets = keysOf(configs, 'targets')
  const labels = new Set(keysOf(configs, 'labels'))
  const advice: string[] = []
  if (targets.length > 0 || document.has('target')) {
    advice.push('DATABASE_URL: the data source name has a password and was not copied')
  }
  if (targets.length > 1)
    advice.push(`${targets.length} targets: give DATABASE_URL a URL with a name for each`)
  if (targets.length > 0) {
    const names = ['job', 'target', ...labels].join(', ')
    advice.push(
      `the labels ${names} of its jobs are not on the samples: let the scrape configuration add them`,
    )
  }
  return advice
}

function keysOf(configs: readonly Mapping[], key: string): string[] {
  return configs.flatMap((config) => config.mapping(key) ?? []).flatMap(({ keys }) => keys)
}

function adviceOfGlobal(global: Mapping): string[] {
  const advice: string[] = []
  const timeout = global.text('scrape_timeout')
  if (timeout !== undefined) advice.push(`COLLECTOR_TIMEOUT=${timeout}, for scrape_timeout`)
  const connections = global.text('max_connections')
  if (Number(connections) > 0) advice.push(`COLLECTOR_CONCURRENCY=${connections}, for max_connections`)
  const known = ['min_interval', 'scrape_timeout', 'max_connections']
  const rest = global.keys.filter((key) => !known.includes(key))
  if (rest.length > 0) advice.push(`nothing corresponds to ${rest.join(', ')}`)
  return advice
}
