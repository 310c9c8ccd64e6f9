import type { Collector } from './collector.ts'

/** A collector that cannot run, such as one whose file cannot be loaded: each run of it fails with the fault. */
export function failingCollector(name: string, fault: Error): Collector {
  return {
    name,
    labels: [],
    metrics: [],
    databases: undefined,
    interval: undefined,
    timeout: undefined,
    settle: undefined,
    fault,
    query() {
      throw fault
    },
  }
}
