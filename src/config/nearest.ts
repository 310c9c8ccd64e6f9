import { closestMatch } from 'leven'

/** One typo is tolerated per this many characters. */
const CHARACTERS_PER_TYPO = 3

/** The known name that `name` was most likely meant to be, whatever its case; undefined when none is close enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const maxDistance = Math.max(Math.floor(name.length / CHARACTERS_PER_TYPO), 1)
  const lower = known.map((other) => other.toLowerCase())
  const found = closestMatch(name.toLowerCase(), lower, { maxDistance })
  const meant = known.find((_, i) => lower[i] === found)
  // Two letters that changed places are one typo, and two steps.
  return meant ?? known.find((other) => lettersOf(other) === lettersOf(name))
}

function lettersOf(name: string): string {
  return [...name.toLowerCase()].sort().join('')
}
