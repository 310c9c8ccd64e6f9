/** One option of libpq that the service uses: its variable, and how its text becomes its value. */
export interface Option<T> {
  /** The environment variable that has it where the connection string leaves it out. */
  readonly variable?: string
  readonly takes: string
  /** Throws when the text is not what the option takes, without the text. As in libpq, an empty one is the default. */
  readonly parse: (text: string | undefined) => T
}

/** An option that takes any text. */
export function anyText(variable?: string): Option<string | undefined> {
  return { ...(variable && { variable }), takes: 'a text', parse: (text) => text || undefined }
}

/** An option that takes one of a few words. */
export function oneOf<const Word extends string, const Fallback extends Word | undefined>(
  variable: string,
  words: readonly Word[],
  fallback: Fallback,
): Option<Word | Fallback> {
  return {
    variable,
    takes: words.join(', '),
    parse(text) {
      if (!text) return fallback
      const word = words.find((known) => known === text)
      if (word === undefined) throw new Error('none of them')
      return word
    },
  }
}

/** As libpq has 0 and 1. */
export function flagged(variable: string, fallback: boolean): Option<boolean> {
  const { takes, parse } = oneOf(variable, ['0', '1'], fallback ? '1' : '0')
  return { variable, takes, parse: (text) => parse(text) === '1' }
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof VERSIONS)[number]

/** An option that takes a version of TLS, in any case of its letters. */
export function tlsVersion<const Fallback extends TlsVersion | undefined>(
  variable: string,
  fallback: Fallback,
): Option<TlsVersion | Fallback> {
  const { takes, parse } = oneOf(variable, VERSIONS, fallback)
  const known = (text: string) => VERSIONS.find((version) => version.toLowerCase() === text.toLowerCase())
  return { variable, takes, parse: (text) => parse(text && (known(text) ?? text)) }
}

/** Milliseconds in which a connection must be ready, unless connect_timeout says so. */
const DEFAULT_CONNECT_TIMEOUT = 5000

/** Seconds. libpq waits for ever at 0, which a round cannot. */
export const CONNECT_TIMEOUT: Option<number> = {
  variable: 'PGCONNECT_TIMEOUT',
  takes: 'seconds, up to 9999; 0 is the default, which is 5',
  parse(text) {
    if (!text) return DEFAULT_CONNECT_TIMEOUT
    if (!/^\s*[+-]?\d{1,4}\s*$/.test(text)) throw new Error('not seconds')
    return Number(text) > 0 ? Number(text) * 1000 : DEFAULT_CONNECT_TIMEOUT
  },
}
