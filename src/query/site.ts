import { frameOf } from '../frame.ts'

/** Where a template is written: the first character of its tag, and its texts as they are between the backticks. */
export interface Site {
  readonly file: string
  /** Both are counted from 1. */
  readonly line: number
  readonly column: number
  readonly raw: readonly string[]
}

/** By the texts of the template's query. */
const sites = new WeakMap<readonly string[], Site>()

/** Remembers where the template is whose tag `called` is, while it is being called. */
export function noteSite(strings: readonly string[], raw: readonly string[], called: CallableFunction): void {
  const holder: { stack?: unknown } = {}
  Error.captureStackTrace(holder, called)
  const [, caller = ''] = String(holder.stack).split('\n', 2)
  const frame = frameOf(caller)
  if (frame === undefined) return
  const { file, line, column } = frame
  sites.set(strings, { file, line, column, raw })
}

export function siteOf(strings: readonly string[]): Site | undefined {
  return sites.get(strings)
}
