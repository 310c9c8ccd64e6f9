import { fileURLToPath } from 'node:url'

/** A place that a line of a stack names, or the line above one. Both numbers are counted from 1. */
export interface Frame {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Reads `at NAME (file:///PATH?QUERY:LINE:COLUMN)`, in which the parentheses are there with a name. */
export function frameOf(text: string): Frame | undefined {
  const begins = text.indexOf('file://')
  if (begins < 0) return undefined
  const parts = text.slice(begins).trim().replace(')', '').split(':')
  const [line, column] = parts.slice(-2).map(Number)
  if (parts.length < 4 || line === undefined || column === undefined || !(line > 0) || !(column > 0))
    return undefined
  const file = pathOf(parts.slice(0, -2).join(':'))
  return file === undefined ? undefined : { file, line, column }
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
