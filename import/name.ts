/** A name for a collector that none of `names` is, and adds it to these. */
export function nameFrom(text: string, names: Set<string>): string {
  const words =
    text
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join('-') ?? 'query'
  const base = /^[a-z]/.test(words) ? words : `query-${words}`
  let name = base
  for (let i = 2; names.has(name); i++) name = `${base}-${i}`
  names.add(name)
  return name
}
