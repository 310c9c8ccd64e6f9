import { nearest } from '../config/nearest.ts'

/** Throws an Error when `asked` has a name that is not known, of a collector or other `kind`; the message begins with `where`. */
export function checkNames(
  where: string,
  asked: readonly string[],
  known: readonly string[],
  kind = 'collectors',
): void {
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const meant = [...new Set(unknown.flatMap((name) => nearest(name, known) ?? []))]
  const question = meant.length === 0 ? '' : `: did you mean ${quoted(meant)}?`
  throw new Error(`${where} ${quoted(unknown)}${question}; the ${kind} are ${known.join(', ') || 'none'}`)
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
