import { closestMatch } from 'leven'

/** One typo is tolerated per this many characters. */
const CHARACTERS_PER_TYPO = 3

/** The known name that `name` was most likely meant to be, whatever its case; undefined when none is close enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const maxDistance = Math.max(Math.floor(name.length / CHARACTERS_PER_TYPO), 1)
  const lower = known.map((other) => other.toLowerCase())
  const found = closestMatch(name.toLowerCase(), lower, { maxDistance })
  return known.find((_, i) => lower[i] === found)
}

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
