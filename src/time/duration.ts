/** Milliseconds in each unit that Go's `time.ParseDuration` knows. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/**
 * Milliseconds of a Go-style duration: `60s`, `1m30s`, `1.5h`, `500ms`, or a bare `0`.
 * Throws an Error that quotes the text when it is anything else; a negative duration is not one here.
 * The grammar is that of Go's time.ParseDuration, less the sign.
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0
  let milliseconds = 0
  PART.lastIndex = 0
  do {
    const part = PART.exec(text)
    const unit = UNITS[part?.[2] ?? '']
    if (part === null || unit === undefined) {
      throw new Error(`"${text}" is not a duration such as 60s, 1m30s or 500ms`)
    }
    milliseconds += Number(part[1]) * unit
    // A sticky expression sets lastIndex to where the part ended.
  } while (PART.lastIndex < text.length)
  // Binary fractions leave a trace in the last digits, which 1.1h must not have.
  return Number(milliseconds.toPrecision(15))
}

/** The shortest Go-style text of a duration in milliseconds: 90000 is `1m30s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds * 1000) / 1000}ms`
  const hours = Math.floor(milliseconds / 3_600_000)
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000)
  const seconds = Math.round(milliseconds % 60_000) / 1000
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${seconds ? `${seconds}s` : ''}`
}
