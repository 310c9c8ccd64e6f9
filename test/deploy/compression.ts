import type { Files } from '../../demo/prometheus.ts'

/** A minute of the shipped files is a second of a test. */
export const FACTOR = 60
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Files of Prometheus in which time passes sixty times as fast, and nothing else is other than it was: every duration
 * (`30s`, `for: 5m`, `[15m]`, `offset 30m`), and every number of seconds, which the rules write as `15 * 60`, is divided by 60,
 * or by another factor.
 */
export function compressed(files: Files, factor = FACTOR): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      text
        .replace(
          /(?<=\[|: |offset )(\d+)([smhd])(?=\]|\)|$)/gm,
          (_, count, unit) => `${(Number(count) * (SECONDS[unit] ?? 0) * 1000) / factor}ms`,
        )
        .replace(/(?<=\d \* )60\b/g, String(60 / factor)),
    ]),
  )
}
