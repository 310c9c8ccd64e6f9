import { BASE_UNITS } from '../contract/metric-names.ts'

/** A unit that a column may have by its name: the base unit that a metric has, and the SQL that converts to it. */
export interface Unit {
  readonly base: string
  /** What follows the value in SQL. */
  readonly factor: string
}

const UNITS: ReadonlyMap<string, Unit> = new Map([
  ...BASE_UNITS.map((base): [string, Unit] => [base, { base, factor: '' }]),
  ...(
    [
      ['seconds', '', 'second', 'secs', 'sec'],
      ['seconds', ' / 1000.0', 'milliseconds', 'millis', 'msec', 'ms'],
      ['seconds', ' / 1000000.0', 'microseconds', 'us'],
      ['seconds', ' * 60', 'minutes', 'mins', 'min'],
      ['seconds', ' * 3600', 'hours', 'hrs'],
      ['seconds', ' * 86400', 'days'],
      ['seconds', ' * 604800', 'weeks'],
      ['bytes', '', 'byte'],
      ['bytes', ' * 1024', 'kb', 'kilobytes', 'kib'],
      ['bytes', ' * 1048576', 'mb', 'megabytes', 'mib'],
      ['bytes', ' * 1073741824', 'gb', 'gigabytes', 'gib'],
      ['ratio', ' / 100.0', 'percent', 'percentage', 'pct'],
    ] as const
  ).flatMap(([base, factor, ...names]) => names.map((name): [string, Unit] => [name, { base, factor }])),
])

/** Words that say how a value was made, not what it is. */
const EMPTY = new Set([
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'total',
  'value',
  'n',
  'cnt',
  'num',
  'number',
  'column',
])
/** What no name of a metric needs to say, or what belongs to other types of metrics. */
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'bucket'])
const PREFIX = 'business'

/** The lower-case words of a name, however it is written. */
export function wordsOf(name: string): string[] {
  const spread = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').normalize('NFKD')
  return spread.toLowerCase().match(/[a-z0-9]+/g) ?? []
}

/** The words of a column's name that say what it is, without its unit. */
export function meaningOf(name: string): readonly string[] {
  const words = wordsOf(name).filter((word) => !TYPES.has(word))
  if (words[0] === PREFIX) words.shift()
  if (unitOf(name) !== undefined) words.pop()
  while (words.length > 0 && EMPTY.has(words.at(-1) ?? '')) words.pop()
  while (words.length > 0 && EMPTY.has(words[0] ?? '')) words.shift()
  return words
}

/** The unit that a column's name ends in. */
export function unitOf(name: string): Unit | undefined {
  const words = wordsOf(name)
  return words.length > 1 ? UNITS.get(words.at(-1) ?? '') : undefined
}

/** A noun of several things. */
export function plural(word: string): string {
  if (/s$/.test(word)) return word
  return /[^aeiou]y$/.test(word)
    ? word.replace(/y$/, 'ies')
    : /(x|ch|sh)$/.test(word)
      ? `${word}es`
      : `${word}s`
}

/** The name of a metric, of words and of endings such as a unit. */
export function metricName(words: readonly string[], ...endings: readonly string[]): string {
  return [PREFIX, ...words, ...endings].join('_')
}

/** A sentence of words. */
export function sentence(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join(' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
