import { fileURLToPath } from 'node:url'

/** A place that a line of a stack names, or the line above one. Both numbers are counted from 1. */
export interface Frame {
  /** With its query. */
  readonly url: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Reads `at NAME (file:///PATH?QUERY:LINE:COLUMN)`, in which the parentheses are there with a name.
 * https://v8.dev/docs/stack-trace-api
 */
export function frameOf(text: string): Frame | undefined {
  const begins = text.indexOf('file://')
  if (begins < 0) return undefined
  const parts = text.slice(begins).trim().replace(')', '').split(':')
  const [line, column] = parts.slice(-2).map(Number)
  if (parts.length < 4 || line === undefined || column === undefined || !(line > 0) || !(column > 0))
    return undefined
  const url = parts.slice(0, -2).join(':')
  const file = pathOf(url)
  return file === undefined ? undefined : { url, file, line, column }
}

/** The path of a URL without its query, or of a path. */
export function pathOf(name: string): string | undefined {
  const [url = ''] = name.split('?')
  if (!url.startsWith('file://')) return url
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}
