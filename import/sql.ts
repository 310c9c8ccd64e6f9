/** A column of the inner query, spelled for PostgreSQL. */
export function columnOf(name: string): string {
  return `source.${identifier(name)}`
}

/** A name spelled for PostgreSQL. After AS or a dot no word needs quotes, not even a keyword. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A CASE of several lines, indented for the list of columns. */
export function caseOf(subject: string, branches: readonly string[]): string {
  const indent = ' '.repeat(11)
  return [`CASE${subject}`, ...branches.map((branch) => `${indent}  ${branch}`), `${indent}END`].join('\n')
}
