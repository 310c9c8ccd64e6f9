import { identifier } from '../src/identifier.ts'

/** A column of the inner query, spelled for PostgreSQL. */
export function columnOf(name: string): string {
  return `source.${identifier(name)}`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A CASE of several lines, indented for the list of columns. */
export function caseOf(subject: string, branches: readonly string[]): string {
  const indent = ' '.repeat(11)
  return [`CASE${subject}`, ...branches.map((branch) => `${indent}  ${branch}`), `${indent}END`].join('\n')
}
