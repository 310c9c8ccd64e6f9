import { formatDuration, parseDuration } from '../time/duration.ts'

/** One environment variable: what it takes, and how its text becomes its value. */
export interface Variable<T> {
  /** The text that counts when the environment has none; a variable without it is undefined then. */
  readonly default?: string
  readonly takes: string
  /** Throws when the text is not what the variable takes. The message of a secret's error is shown, the text is not. */
  readonly parse: (text: string) => T
}

/** A variable that always has a value. */
export interface Defaulted<T> extends Variable<T> {
  readonly default: string
}

/** A variable that takes any text. */
export function text(takes: string): Variable<string> {
  return { takes, parse: (given) => given }
}

/** A variable that takes one of a few words. */
export function choice<const Word extends string>(
  fallback: NoInfer<Word>,
  words: readonly Word[],
): Defaulted<Word> {
  return { default: fallback, ...word(words) }
}

/** A variable that takes one of a few words, and has none by default. */
export function word<const Word extends string>(words: readonly Word[]): Variable<Word> {
  return {
    takes: `one of ${words.join(', ')}`,
    parse(given) {
      const word = words.find((known) => known === given)
      if (word === undefined) throw new Error('none of them')
      return word
    },
  }
}

/** A variable that takes a bearer token. */
export function token(): Variable<string> {
  return {
    takes: 'a token',
    parse(given) {
      if (!/^[\x21-\x7e]+$/.test(given)) {
        throw new Error('contains a character not allowed in an HTTP header')
      }
      return given
    },
  }
}

/** A variable that takes the address of a web page, which becomes one without a slash at its end. */
export function url(): Variable<string> {
  return {
    takes: 'a URL that begins with http:// or https://',
    parse(given) {
      if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) throw new Error('none')
      return given.replace(/\/$/, '')
    },
  }
}

/** A variable that is true or false; false unless it is set. */
export function flag(fallback: 'true' | 'false' = 'false'): Defaulted<boolean> {
  return {
    default: fallback,
    takes: 'true or false',
    parse(given) {
      if (given !== 'true' && given !== 'false') throw new Error('neither')
      return given === 'true'
    },
  }
}

/** A variable that takes a whole number within limits. */
export function whole(fallback: string, from: number, to: number): Defaulted<number> {
  return {
    default: fallback,
    takes: `a whole number from ${from} to ${to}`,
    parse: (given) => integer(given, from, to),
  }
}

/** Returns a whole number within limits. Throws an Error when the text is not one. */
export function integer(given: string, from: number, to: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (!(value >= from && value <= to)) throw new Error('out of range')
  return value
}

/** A variable that takes a duration within limits; its value is in milliseconds. */
export function duration(fallback: string, atLeast: string, atMost?: string): Defaulted<number> {
  const least = parseDuration(atLeast)
  const most = atMost === undefined ? Number.POSITIVE_INFINITY : parseDuration(atMost)
  const limits = [
    'a duration such as 60s, 1m30s or 500ms',
    ...(least > 0 ? [`at least ${formatDuration(least)}`] : []),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ]
  return {
    default: fallback,
    takes: limits.join(', '),
    parse(given) {
      const value = parseDuration(given)
      if (value < least || value > most) throw new Error('out of range')
      return value
    },
  }
}
