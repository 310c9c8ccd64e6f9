/** The width of a line in biome.json. */
export const WIDTH = 110

/**
 * Writes SQL into a template literal, which sends backslashes as they are. A backslash that escaped a backtick or a
 * placeholder there would be undone, so both are written as a fragment.
 */
export function written(sql: string): string {
  return sql.replace(/(?<!\\)(\\*)(`|\$\{)/g, (text, slashes: string, mark: string) =>
    slashes.length % 2 === 0 ? `${slashes}\\${mark}` : `\${sql.unsafe(${quote(text)})}`,
  )
}

/** A string literal, in the quotes that need fewer escapes. */
export function quote(text: string): string {
  const inside = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  // The linter takes ${ in other quotes for a mistake.
  if (text.includes('${')) return `\`${inside.replace(/`|\$\{/g, '\\$&')}\``
  const [single, double] = [inside.split("'").length, inside.split('"').length]
  return single > double ? `"${inside.replaceAll('"', '\\"')}"` : `'${inside.replaceAll("'", "\\'")}'`
}

/** The name of a property. */
export function key(name: string): string {
  return /^[a-zA-Z_]\w*$/.test(name) ? name : quote(name)
}

/** Lines of a comment, wrapped. */
export function comment(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < WIDTH) lines.splice(-1, 1, `${last} ${word}`)
    else lines.push(`//${lines.length > 0 ? '  ' : ''} ${word}`)
  }
  return lines
}
