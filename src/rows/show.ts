import { Bytes } from './bytes.ts'

/**
 * Writes a field of a row for people, at most its first `longest` characters: the rest of it is not looked at, for it may
 * be as large as a field can be.
 */
export function show(given: unknown, longest: number): string {
  if (given instanceof Date) return Number.isNaN(given.getTime()) ? 'no moment' : given.toISOString()
  if (typeof given === 'string') return quote(given, longest)
  if (given instanceof Bytes) return `${quote(given.text, longest)} (not UTF-8)`
  if (given instanceof Uint8Array) return `${given.length} bytes`
  if (Array.isArray(given)) return `an array of ${given.length}`
  if (typeof given === 'object' && given !== null && !isText(given)) return 'an object'
  const text = String(given)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function quote(text: string, longest: number): string {
  const quoted = JSON.stringify(text.slice(0, longest))
  return text.length > longest ? `${quoted}… (${text.length} characters)` : quoted
}

/** Whether an object is a text of its own kind, such as a bit string. What JSON holds may have a property of that name. */
function isText(given: object): boolean {
  const write: unknown = given.toString
  return typeof write === 'function' && write !== Object.prototype.toString
}
