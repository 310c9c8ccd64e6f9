import { prettyFactory } from 'pino-pretty'
import type { LogStream } from './log-destination.ts'
import { printable } from './print.ts'

/** Fields that the message of a line says, too. */
const SAID = [
  'pid',
  'hostname',
  'event',
  'database',
  'collector',
  'file',
  'excerpt',
  'durationSeconds',
  'runs',
]

/** A line of the log, read. */
interface Line {
  readonly err?: { readonly stack?: string }
  readonly [field: string]: unknown
}

const prettify = prettyFactory({
  translateTime: 'SYS:HH:MM:ss',
  ignore: SAID.join(),
  singleLine: true,
  messageFormat: ({ database, collector, msg, excerpt }) => {
    const about = [database, collector].filter((name) => name !== undefined).join('/')
    const text = `${about && `${about}: `}${msg}${excerpt === undefined ? '' : `\n${excerpt}`}`
    // What begins a line is the log's own, and not a text of the database that looks like one.
    return text.replaceAll('\n', '\n    ')
  },
})

/** Returns what writes each line of JSON as a text for people to a stream. */
export function prettyStream(stream: LogStream): LogStream {
  return {
    write(line) {
      // JSON writes out what a terminal would obey, and that is gone once it is read.
      const { err, ...fields }: Line = JSON.parse(line, (_, value) =>
        typeof value === 'string' ? printable(value) : value,
      )
      // The message has the text of an error. What is left of one is where the service itself is wrong.
      stream.write(prettify(err?.stack === undefined ? fields : { ...fields, err }) ?? '')
    },
  }
}
