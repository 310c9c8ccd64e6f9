/**
 * Returns the password of the first line of a password file that fits; undefined when none does.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export function passwordFor(
  file: string,
  host: string,
  port: number,
  database: string,
  user: string,
): string | undefined {
  const wanted = [host, String(port), database, user]
  for (const line of file.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = fieldsOf(line)
    const password = fields[wanted.length]
    const fits = wanted.every((text, i) => fields[i] === '*' || unescaped(fields[i]) === text)
    if (fits && password !== undefined) return unescaped(password)
  }
  return undefined
}

/** The fields of a line, as they are written: a backslash escapes a colon in one, or another backslash. */
function fieldsOf(line: string): string[] {
  const fields = ['']
  for (const [text] of line.matchAll(/\\.|./gs)) {
    if (text === ':') fields.push('')
    else fields.push(`${fields.pop()}${text}`)
  }
  return fields
}

function unescaped(field: string | undefined): string | undefined {
  return field?.replaceAll(/\\(.)/gs, '$1')
}
