/** Formats a duration for people, with three digits: 512 ms, 3.14 s. From a minute on it is an age. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.001) return `${digits(seconds * 1e6)} µs`
  if (seconds < 1) return `${digits(seconds * 1000)} ms`
  if (seconds < 60) return `${digits(seconds)} s`
  return formatAge(seconds)
}

/** A number below 1000 with three digits, so that numbers below each other can be compared. */
function digits(number: number): string {
  return number.toFixed(number < 9.995 ? 2 : number < 99.95 ? 1 : 0)
}

/** Formats an age for people, in whole units that get coarser as it grows: 5 s, 3 min, 2 h 5 min, 4 d 1 h. */
export function formatAge(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0)
  const parts: [amount: number, unit: string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ]
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first < 0) return '0 s'
  // Beside hours, seconds say nothing. Beside minutes, they would change with every look.
  const shown = parts.slice(first, first + (first === 2 ? 1 : 2)).filter(([amount]) => amount > 0)
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(' ')
}

/** Formats a moment in UTC, in milliseconds since 1970: 14:03:21, with its day before it unless that is the day of `now`. */
export function formatClock(at: number, now: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T')
  return day === new Date(now).toISOString().slice(0, 10) ? time : `${day} ${time}`
}
