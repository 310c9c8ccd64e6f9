import type { Test } from 'tap'
import { type Files, type Prometheus, startPrometheus } from '../demo/prometheus.ts'
import { poll } from './poll.ts'

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

export interface PrometheusClient extends Pick<Prometheus, 'log' | 'signal' | 'kill' | 'start'> {
  /** What its HTTP API answers. https://prometheus.io/docs/prometheus/latest/querying/api/ */
  get<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>
  /** The series of a query that gives an instant vector. */
  query(query: string): Promise<readonly Series[]>
  /** The value of a query's only series; undefined while there is none. */
  value(query: string): Promise<number | undefined>
  /** Resolves when the condition holds. */
  until(condition: () => Promise<boolean>): Promise<void>
}

/** A Prometheus of the test's own with this configuration. */
export async function watchWithPrometheus(
  t: Test,
  files: Files,
  args: readonly string[] = [],
): Promise<PrometheusClient> {
  const prometheus = await startPrometheus(files, { args })
  t.teardown(prometheus.destroy)
  let gone: Error | undefined
  prometheus.ended.then((error) => (gone = error))

  async function get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${error}`)
    return data
  }
  async function query(query: string): Promise<readonly Series[]> {
    const { result } = await get<{ result: Series[] }>('query', { query })
    return result
  }
  return {
    get,
    query,
    log: prometheus.log,
    signal: prometheus.signal,
    kill: prometheus.kill,
    start: prometheus.start,
    async value(expression) {
      const result = await query(expression)
      return result.length === 1 ? Number(result[0]?.value[1]) : undefined
    },
    async until(condition) {
      await poll(
        () => {
          if (gone !== undefined) throw gone
          return condition()
        },
        (holds) => holds,
      )
    },
  }
}
