import type { Mapping } from './yaml.ts'

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (`<duration>`) */
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 }

/** Milliseconds of a duration as Prometheus writes it, days and longer included; undefined when there is none, or 0. */
export function durationOf(mapping: Mapping, key: string): number | undefined {
  const text = mapping.text(key)
  if (text === undefined) return undefined
  if (text !== '0' && !/^(\d+(ms|[smhdwy]))+$/.test(text)) {
    mapping.fail(`"${key}" takes a duration such as 30s, 5m or 1h30m`, key)
  }
  let milliseconds = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    milliseconds += Number(amount) * UNITS[unit as keyof typeof UNITS]
  }
  return milliseconds === 0 ? undefined : milliseconds
}
