import { Mistake } from '../finding.ts'

type Compare = (difference: number) => boolean

const OPERATORS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['>=', (difference) => difference >= 0],
  ['<=', (difference) => difference <= 0],
  ['>', (difference) => difference > 0],
  ['<', (difference) => difference < 0],
  ['=', (difference) => difference === 0],
  ['!=', (difference) => difference !== 0],
])
const TERM = /^(>=|<=|!=|>|<|=)?(\d+(?:\.\d+){0,2})$/

/** Versions of PostgreSQL: conditions of which all hold, or those behind one of several `||`. */
type Versions = readonly (readonly ((version: readonly number[]) => boolean)[])[]

/**
 * Reads versions such as `>=17`, `>=13 <17` or `<10 || >=14`. Only the parts that a condition has are compared: `16` is every
 * 16.x. Throws a Mistake when the text is something else.
 */
function parseVersions(text: string): Versions {
  return text.split('||').map((all) => {
    const terms = all
      .replaceAll(/([<>=!]) /g, '$1')
      .split(/[ ,]/)
      .filter((term) => term !== '')
    if (terms.length === 0) return refuse(text)
    return terms.map((term) => {
      const [, operator = '=', number = ''] = TERM.exec(term) ?? []
      const compare = number === '' ? undefined : OPERATORS.get(operator)
      if (compare === undefined) return refuse(text)
      const wanted = number.split('.').map(Number)
      return (version) => compare(differenceOf(version, wanted))
    })
  })
}

function refuse(text: unknown): never {
  throw new Mistake(`are ${JSON.stringify(text)}`, "write: versions: '>=17', or '>=13 <17'")
}

function differenceOf(version: readonly number[], wanted: readonly number[]): number {
  const at = wanted.findIndex((number, i) => number !== (version[i] ?? 0))
  return at < 0 ? 0 : (version[at] ?? 0) - (wanted[at] ?? 0)
}

/** Throws a Mistake that follows "its versions" when a text is no range of versions. */
export function checkVersions(versions: unknown): void {
  if (typeof versions !== 'string') refuse(versions)
  else parseVersions(versions)
}

/** Whether a server is of these versions, which `checkVersions` has found right. It reports `15.18 (Debian …)`, or `18beta1`. */
export function isOfVersions(versions: string, server: string): boolean {
  const [number = ''] = /^[\d.]+/.exec(server) ?? []
  const version = number.split('.').map(Number)
  return parseVersions(versions).some((all) => all.every((holds) => holds(version)))
}
