/** Of how many characters one may be wrong for a name to be taken for another. */
const RIGHT = 3

/** The name that was most likely meant by one that there is not; undefined when none is like it. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const allowed = Math.max(Math.floor(name.length / RIGHT), 1)
  const [first] = names
    .map((known) => ({ known, distance: distanceOf(name.toLowerCase(), known.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
  return first?.known
}

/** How many characters to change, to add or to leave out: https://en.wikipedia.org/wiki/Levenshtein_distance */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above[b.length] ?? 0
}
