/** Milliseconds in each unit that Go's `time.ParseDuration` knows. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

const PART = /(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+)/y

/**
 * Milliseconds of a Go-style duration: `60s`, `1m30s`, `1.5h`, `500ms`, or a bare `0`. The grammar is that of Go's
 * time.ParseDuration without the sign, so that no duration is negative. `longer` adds units: milliseconds by name.
 * Throws an Error that quotes the text when it is not a duration.
 */
export function parseDuration(text: string, longer: ReadonlyMap<string, number> = new Map()): number {
  if (text === '0') return 0
  let milliseconds = 0
  PART.lastIndex = 0
  do {
    const [, amount, name] = PART.exec(text) ?? []
    const unit = name === undefined ? undefined : (UNITS.get(name) ?? longer.get(name))
    if (unit === undefined) throw new Error(`"${text}" is not a duration such as 60s, 1m30s or 500ms`)
    milliseconds += Number(amount) * unit
    // A sticky expression sets lastIndex to where the part ended.
  } while (PART.lastIndex < text.length)
  // Binary fractions leave a trace in the last digits, which 1.1h must not have.
  return Number(milliseconds.toPrecision(15))
}

/** The shortest Go-style text of a duration in milliseconds, to the millisecond, or to the microsecond below a second. */
export function formatDuration(milliseconds: number): string {
  // Rounded before it is split: a part that rounds up would be 60s or 1000ms.
  const short = Math.round(milliseconds * 1000) / 1000
  if (short < 1000) return `${short}ms`
  const whole = Math.round(milliseconds)
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor((whole % 3_600_000) / 60_000)
  const seconds = (whole % 60_000) / 1000
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${seconds ? `${seconds}s` : ''}`
}
