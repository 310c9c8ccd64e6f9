import { checkVersions } from '../src/contract/versions.ts'
import { type Finding, findingOf } from '../src/finding.ts'
import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import type { Question } from './question.ts'
import { nameFor } from './source-name.ts'

/** The servers that a query is for. */
interface Servers extends Pick<Question, 'versions' | 'role' | 'databases'> {
  readonly notes: readonly Finding[]
  readonly losses: readonly Loss[]
}

/** Which servers a query of postgres_exporter and of the exporters with files like its own is for. */
export function serversOf(entry: Mapping): Servers {
  const losses: Loss[] = []
  const range = rangeOf(entry)
  let versions = range?.text
  if (range !== undefined) {
    try {
      checkVersions(range.text)
    } catch (error) {
      const { problem } = findingOf(error)
      losses.push({ place: entry.place(range.key), what: range.key, problem: `its versions ${problem}` })
      versions = undefined
    }
  }
  const tags = entry.texts('tags')
  const role =
    entry.flag('primary') || tags.includes('primary')
      ? 'primary'
      : tags.includes('standby') || tags.includes('replica')
        ? 'standby'
        : undefined
  const databases = [
    ...entry.texts('target_databases'),
    ...tags.flatMap((tag) => (tag.startsWith('dbname:') ? [tag.slice('dbname:'.length)] : [])),
  ]
  const others = tags.filter((tag) => !/^(primary|standby|replica|dbname:.*)$/.test(tag))
  const notes = others.map((tag) => ({
    problem: `Its tag "${tag}", which chooses servers, is not carried over`,
  }))
  return { versions, role, databases: isAll(databases) ? undefined : databases.map(nameFor), notes, losses }
}

function isAll(databases: readonly string[]): boolean {
  return databases.length === 0 || databases.some((name) => /[*?[\]]/.test(name))
}

function rangeOf(entry: Mapping): { readonly key: string; readonly text: string } | undefined {
  const range = entry.text('runonserver')
  if (range !== undefined) return { key: 'runonserver', text: shortened(range) }
  const least = versionOf(entry.text('min_version'))
  const below = versionOf(entry.text('max_version'))
  const text = [
    ...(least === undefined ? [] : [`>=${least}`]),
    ...(below === undefined ? [] : [`<${below}`]),
  ].join(' ')
  return text === '' ? undefined : { key: entry.has('min_version') ? 'min_version' : 'max_version', text }
}

/** A range without what it says of versions that there are not: `>=10.0.0` is `>=10`. */
function shortened(range: string): string {
  return range.trim().replaceAll(/(>=|<)\s?(\d+)(?:\.[0x]){1,2}(?![.\d])/g, '$1$2')
}

/** The version of a number as `server_version_num` has it: 90624, 150018. */
function versionOf(text: string | undefined): string | undefined {
  const number = Number(text)
  if (!(number > 0)) return undefined
  if (number >= 100_000) return String(Math.floor(number / 10_000))
  return `${Math.floor(number / 10_000)}.${Math.floor(number / 100) % 100}`
}
