import { OTHER } from '../contract/collector.ts'
import { Mistake } from '../finding.ts'
import { identifier } from '../identifier.ts'
import type { StudiedColumn, Study } from '../query/study.ts'
import { asIs, type DraftLabel, literal, single } from './draft.ts'
import { wordsOf } from './names.ts'

/** The most values that are listed, and the most that a label may have without --force. */
const LISTED = 10
const MOST = 1000
/** The limits that an open label gets. */
const LIMITS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
/** How much room an open label has for values that are yet to come. */
const ROOM = 1.5
/** The value for NULL. */
const NONE = 'none'

/** A value that a program gives a name to. */
const CODE = /^[a-z][a-z0-9_-]{0,31}$/i
const EMAIL = /^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Words of names whose values are one for each thing or person, and words of names whose values people give. */
const SINGLE = new Set('id ids uuid guid key token email mail phone ip iban ssn session'.split(' '))
const GIVEN = new Set(
  'name customer user company city country region page url path title host product shop store sku tag provider'.split(
    ' ',
  ),
)

/** Proposes the label of a column. Throws a Mistake when its values are no label's, unless `force`. */
export function draftLabel(study: Study, column: number, force: boolean): DraftLabel {
  const of = study.columns[column]
  if (of === undefined) throw new Error(`the query has no column ${column + 1}`)
  const values = study.rows.map((row) => row[column] ?? null)
  const distinct = new Set(values.filter((value) => value !== null))
  const reason = refusalOf(of, distinct)
  if (reason !== undefined && !force) {
    throw new Mistake(
      `column "${of.name}" is no label: ${reason}`,
      'leave it out of the query and its GROUP BY, or add --force',
    )
  }
  const nulls = values.includes(null)
  const listed = listOf(of, distinct)
  const wanted = distinct.size * ROOM
  return {
    column,
    name: labelName(of.name, column),
    expression: nulls ? coalesced(of) : asIs,
    values: listed === undefined ? undefined : [...new Set([...listed, ...(nulls ? [NONE] : [])])],
    limit: LIMITS.find((limit) => limit >= wanted) ?? Math.ceil(wanted),
  }
}

function coalesced({ kind, values }: StudiedColumn): (value: string) => string {
  const cast = kind === 'text' && values.length === 0 ? '' : '::text'
  return (value) => `coalesce(${cast === '' ? value : `${single(value)}${cast}`}, ${literal(NONE)})`
}

/** The values of a closed label; undefined when it had better be open. */
function listOf(
  { kind, name, values, type }: StudiedColumn,
  distinct: ReadonlySet<string>,
): string[] | undefined {
  if (kind === 'boolean') return ['false', 'true']
  if (values.length > 0) return [...values, ...(values.includes(OTHER) ? [] : [OTHER])]
  const given = wordsOf(name).some((word) => GIVEN.has(word) || SINGLE.has(word))
  const codes = [...distinct].every(
    (value) => CODE.test(value) || (kind === 'number' && /^\d{1,3}$/.test(value)),
  )
  if (given || !codes || distinct.size > LISTED || distinct.size === 0) return undefined
  const numeric = kind === 'number' || /int/.test(type)
  const sorted = [...distinct]
    .filter((value) => value !== OTHER)
    .sort(numeric ? (a, b) => +a - +b : undefined)
  return [...sorted, OTHER]
}

/** Why the values of a column are no label's; undefined when they are. */
function refusalOf({ name, kind, type }: StudiedColumn, distinct: ReadonlySet<string>): string | undefined {
  const every = (pattern: RegExp) => distinct.size > 0 && [...distinct].every((value) => pattern.test(value))
  if (every(EMAIL)) return 'its values are email addresses, of people, and each would be a series'
  if (kind === 'uuid' || every(UUID)) return 'its values are UUIDs, each of them a series of its own'
  if (kind === 'moment') return `its values are moments (${type}), and each new one is a new series`
  if (wordsOf(name).some((word) => SINGLE.has(word))) {
    return 'by its name it has a value for each thing or person, and each would be a series'
  }
  if (distinct.size > MOST) return `it has ${distinct.size.toLocaleString('en')} values, and each is a series`
  return undefined
}

function labelName(name: string, column: number): string {
  const words = wordsOf(name)
  const joined = words.join('_')
  if (joined === '') return `label_${column + 1}`
  return /^\d/.test(joined) ? `label_${joined}` : joined
}

/** Throws a Mistake when two rows have the same labels: then it is no answer of one value a series. */
export function checkRows({ rows, columns }: Study, labels: readonly DraftLabel[]): void {
  const seen = new Set<string>()
  for (const row of rows) {
    const key = labels.map(({ column }) => row[column] ?? NONE)
    const text = JSON.stringify(key)
    if (seen.has(text)) {
      const set = labels.map(({ column }, i) => `${columns[column]?.name}="${key[i]}"`).join(', ')
      const names = labels.map(({ column }) => identifier(columns[column]?.name ?? '')).join(', ')
      throw new Mistake(
        labels.length === 0
          ? 'the query returns several rows and no column that tells them apart'
          : `the query returns several rows with ${set}`,
        `aggregate: SELECT ${[...(names === '' ? ['a_label'] : [names]), 'count(*)'].join(', ')} … GROUP BY ${names || 'a_label'}`,
      )
    }
    seen.add(text)
  }
}
