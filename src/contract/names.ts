import { nearest } from './did-you-mean.ts'

/** Throws an Error when some of the names of collectors that `where` has are not among those that there are. */
export function checkNames(where: string, asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const meant = [...new Set(unknown.flatMap((name) => nearest(name, known) ?? []))]
  const question = meant.length === 0 ? '' : `: did you mean ${meant.map((name) => `"${name}"`).join(', ')}?`
  throw new Error(
    `${where} ${unknown.map((name) => `"${name}"`).join(', ')}${question}; the collectors are ${known.join(', ') || 'none'}`,
  )
}
