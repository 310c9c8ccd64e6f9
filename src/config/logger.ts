import { type Logger, pino } from 'pino'
import { LogDestination, type LogStream } from './log-destination.ts'
import { printable } from './print.ts'
import type { Parsed } from './variables.ts'

export type LogFormat = Parsed['LOG_FORMAT']

/** The format of a log whose configuration says nothing of it, or nothing that can be read. */
export function formatOf(given: string | undefined): LogFormat {
  if (given === 'json' || given === 'pretty') return given
  return process.stdout.isTTY ? 'pretty' : 'json'
}

/** Makes the logger of the service: lines of JSON with names of levels and times of ISO 8601, or texts for people. */
export async function openLogger(
  format: LogFormat,
  level: Parsed['LOG_LEVEL'] = 'info',
  stream: LogStream = new LogDestination(process.stdout.fd),
): Promise<Logger> {
  // Loaded only where it is used, because the service starts faster without it.
  const written =
    format === 'json'
      ? { write: (line: string) => stream.write(printable(line)) }
      : (await import('./pretty.ts')).prettyStream(stream)
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    written,
  )
}
