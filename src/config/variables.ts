import { formatDuration, parseDuration } from '../time/duration.ts'
import { parseDatabases } from './databases.ts'

/** One environment variable: its text when it is not set, what it takes, and how its text becomes its value. */
export interface Variable<T> {
  readonly default?: string
  readonly takes: string
  /** A secret's text appears in no message. */
  readonly secret?: boolean
  /** Throws when the text is not what the variable takes; a message that is worth showing says why. */
  readonly parse: (text: string) => T
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** setInterval, and so the scheduler, cannot wait longer than 2^31 - 1 milliseconds. */
const LONGEST_TICK = '24h'

/** Every environment variable of the service. Durations become milliseconds. */
export const variables = {
  METRICS_TICK_DURATION: duration('60s', '1s', LONGEST_TICK),
  DATABASE_URL: { takes: 'a PostgreSQL URL, or several with names', secret: true, parse: parseDatabases },
  DATABASE_URL_FILE: text('', 'the path of a file that holds the PostgreSQL URL'),
  DATABASE_QUORUM: {
    takes: 'a whole number from 1 to the number of hosts in DATABASE_URL',
    /** 0, which nobody can write, stands for a majority until the hosts are known. */
    parse: (text: string) => (text === '' ? 0 : integer(text, 1, Number.MAX_SAFE_INTEGER)),
  },
  DATABASE_WAIT_TIMEOUT: duration('0', '0', LONGEST_TICK),
  HOST: text('0.0.0.0', 'an address to listen on'),
  PORT: whole('9993', 0, 65535),
  METRICS_TOKEN: token(),
  METRICS_TOKEN_FILE: text('', 'the path of a file that holds the token'),
  TLS_CERT_FILE: text('', 'the path of a file with the certificate chain of the metrics listener'),
  TLS_KEY_FILE: text('', 'the path of a file with its key'),
  TLS_CLIENT_CA_FILE: text('', 'the path of a file with the certificates that sign those of clients'),
  DEBUG_HOST: text('127.0.0.1', 'an address to listen on'),
  DEBUG_PORT: whole('6063', 0, 65535),
  DEBUG_TOKEN: token(),
  DEBUG_TOKEN_FILE: text('', 'the path of a file that holds the token'),
  COLLECTORS: {
    default: '',
    takes: 'names of collectors, separated by commas',
    parse: (text: string) => text.split(',').flatMap((name) => name.trim() || []),
  },
  COLLECTOR_CONCURRENCY: whole('4', 1, 100),
  COLLECTOR_TIMEOUT: duration('30s', '100ms', LONGEST_TICK),
  COLLECTOR_MAX_SERIES: whole('10000', 1, 10_000_000),
  COLLECTOR_STALE_AFTER: duration('10m', '0'),
  LEADER_ELECTION: {
    default: 'false',
    takes: 'true or false',
    parse(text: string) {
      if (text !== 'true' && text !== 'false') throw new Error('neither')
      return text === 'true'
    },
  },
  STATE_FILE: text('', 'the path of a file to keep the counters in'),
  STATE_MAX_AGE: duration('24h', '1m'),
  LOG_LEVEL: {
    default: 'info',
    takes: `one of ${LOG_LEVELS.join(', ')}`,
    parse(text: string) {
      const level = LOG_LEVELS.find((known) => known === text)
      if (level === undefined) throw new Error('unknown level')
      return level
    },
  },
} satisfies Record<string, Variable<unknown>>

/** Variables whose text may come from a file, and is never shown. */
export const SECRETS = ['DATABASE_URL', 'METRICS_TOKEN', 'DEBUG_TOKEN'] as const

function text(fallback: string, takes: string): Variable<string> {
  return { default: fallback, takes, parse: (given) => given }
}

function token(): Variable<string> {
  return {
    takes: 'a token',
    secret: true,
    parse(given) {
      if (!/^[\x21-\x7e]+$/.test(given)) throw new Error('has a character that no header can hold')
      return given
    },
  }
}

function whole(fallback: string, from: number, to: number): Variable<number> {
  return {
    default: fallback,
    takes: `a whole number from ${from} to ${to}`,
    parse: (given) => integer(given, from, to),
  }
}

function integer(given: string, from: number, to: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (!(value >= from && value <= to)) throw new Error('out of range')
  return value
}

function duration(fallback: string, atLeast: string, atMost?: string): Variable<number> {
  const [least, most] = [
    parseDuration(atLeast),
    atMost === undefined ? Number.POSITIVE_INFINITY : parseDuration(atMost),
  ]
  return {
    default: fallback,
    takes: `a duration such as 60s, 1m30s or 500ms${least > 0 ? `, at least ${formatDuration(least)}` : ''}${atMost === undefined ? '' : `, at most ${atMost}`}`,
    parse(given) {
      const value = parseDuration(given)
      if (value < least || value > most) throw new Error('out of range')
      return value
    },
  }
}
