import { nearest } from '../config/nearest.ts'
import type { Collector, CollectorLabel } from '../contract/collector.ts'
import { cut, type Finding } from '../finding.ts'
import type { LabelSets } from '../rows/label-set.ts'

/** A label that has more values than this makes more series than anybody looks at. */
const MANY = 1000
/** How many of a label's values are named. */
const NAMED = 5
const EMAIL = /^[^@\s]+@[^@\s]+\.[a-z]+$/i
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const NUMBER = /^-?\d+(\.\d+)?$/
/** Seconds since 1970: in 2001, and in the year 5138, which no moment of seconds is above and each of milliseconds. */
const EARLIEST = 1e9
const LATEST = 1e11
/** Seconds that a moment may be ahead, as of another clock. */
const AHEAD = 86_400
/** Names of moments that are to come. */
const PLANNED = /expir|next|due|end|renew|until|deadline|valid|schedul|plan/

/** Warns of values and labels that a query returned and that cannot be meant. `now` is in seconds since 1970. */
export function valueWarnings({ labels, metrics }: Collector, rows: LabelSets, now: number): Finding[] {
  const seen = labels.map(() => new Set<string>())
  const largest = metrics.map(() => Number.NEGATIVE_INFINITY)
  const least = metrics.map(() => Number.POSITIVE_INFINITY)
  for (const set of rows) {
    for (const [i, text] of set.labels.entries()) seen[i]?.add(text)
    for (const [i, value] of set.values.entries()) {
      if (typeof value !== 'number') continue
      largest[i] = Math.max(largest[i] ?? value, value)
      least[i] = Math.min(least[i] ?? value, value)
    }
  }
  return [
    ...labels.flatMap((label, i) => labelWarnings(label, seen[i] ?? new Set())),
    ...metrics.flatMap(({ name }, i) => numberWarnings(name, least[i] ?? 0, largest[i] ?? 0, now)),
  ]
}

function labelWarnings(label: CollectorLabel, seen: ReadonlySet<string>): Finding[] {
  return label.values === undefined ? openWarnings(label, seen) : closedWarnings(label, label.values, seen)
}

function closedWarnings(
  { name }: CollectorLabel,
  values: readonly string[],
  seen: ReadonlySet<string>,
): Finding[] {
  const unlisted = [...seen].filter((value) => !values.includes(value))
  if (unlisted.length === 0) return []
  const about = name
  const similar = unlisted.flatMap((value) => {
    const meant = values.find((listed) => listed.toLowerCase() === value.toLowerCase())
    return meant === undefined ? [] : [{ value, meant }]
  })
  const shown = unlisted
    .slice(0, NAMED)
    .map((value) => JSON.stringify(cut(value, 80)))
    .join(', ')
  if (unlisted.length === seen.size) {
    const [first = ''] = unlisted
    return [
      {
        problem: `no row has a value of its label ${name}: they have ${shown}, which all are "other"`,
        advice: `write: ${name}: ['${nearest(first, values) === undefined ? cut(first, 80) : first}', …, 'other']`,
        about,
      },
    ]
  }
  return similar.slice(0, 1).map(({ value, meant }) => ({
    problem: `the value "${value}" of its label ${name} is "other": the list has "${meant}"`,
    advice: `write: '${value}'`,
    about,
  }))
}

function openWarnings({ name, limit }: CollectorLabel, seen: ReadonlySet<string>): Finding[] {
  const values = [...seen]
  if (values.length === 0) return []
  const about = name
  const few = 'group by what has few values, such as a kind or a plan'
  if (values.every((value) => EMAIL.test(value)))
    return [
      {
        problem: `its label ${name} has e-mail addresses: labels are kept and shown, and people change`,
        advice: few,
        about,
      },
    ]
  const shown = Math.min(values.length, limit)
  if (shown > MANY)
    return [
      {
        problem: `its label ${name} has ${values.length.toLocaleString('en')} values, each with series of its own`,
        advice: `${few}, or write: ${name}: open(20) for the largest`,
        about,
      },
    ]
  if (shown > 100 && values.every((value) => ID.test(value) || NUMBER.test(value)))
    return [
      {
        problem: `its label ${name} has ${values.length.toLocaleString('en')} ids or numbers: they come and go, and each leaves series behind`,
        advice: few,
        about,
      },
    ]
  return []
}

function numberWarnings(name: string, least: number, largest: number, now: number): Finding[] {
  if (largest < least) return []
  const about = name
  if (name.endsWith('_timestamp_seconds') && largest > 0) {
    if (largest > LATEST)
      return [
        {
          problem: `${name} is ${largest}: these are milliseconds, or less`,
          advice: `write: extract(epoch FROM …) AS ${name}`,
          about,
        },
      ]
    if (largest > now + AHEAD && !PLANNED.test(name))
      return [
        {
          problem: `${name} is ${largest}, ${Math.round((largest - now) / 86_400)} days ahead`,
          advice:
            'a moment that has passed is meant, such as when something last happened: leave out what is planned',
          about,
        },
      ]
    if (largest < EARLIEST)
      return [
        {
          problem: `${name} is ${largest}, which is no moment of this century`,
          advice: `a span of time is a gauge without _timestamp, and a moment: extract(epoch FROM …) AS ${name}`,
          about,
        },
      ]
  }
  if (/_ratio(_|$)/.test(name) && largest > 1)
    return [
      {
        problem: `${name} is ${largest}, and a ratio is from 0 to 1`,
        advice: 'divide a percentage by 100, and have the part above the whole',
        about,
      },
    ]
  return []
}
