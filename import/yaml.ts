import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLParseError,
} from 'yaml'
import { nearest } from '../src/config/nearest.ts'
import { Mistake } from '../src/finding.ts'
import { parseDuration } from '../src/time/duration.ts'
import { withIndentedText } from './indent.ts'
import type { Loss, Place } from './loss.ts'

/** Units of Prometheus that Go lacks: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
const LONGER = new Map([
  ['d', 86_400_000],
  ['w', 604_800_000],
  ['y', 31_536_000_000],
])

export const TEMPLATE = {
  problem: 'this looks like a template',
  advice: 'render it first, such as with: helm template',
}

/** Key → its node, and the node of its value. */
type Entries = ReadonlyMap<string, { readonly key: Node; readonly value: Node | null }>

interface Source {
  readonly file: string
  /** The line of the file that the text begins in, from 0. */
  readonly line: number
  readonly document: Document
  readonly lines: LineCounter
  /** Each mapping that was read, with what it merges; undefined while it is being read. */
  readonly read: Map<Node, Entries | undefined>
  /** Whether something may fill in parts of it. */
  readonly isTemplate: boolean
  /** What of it cannot count, such as a key that is there twice. */
  readonly losses: Loss[]
}

/** Something in a file that cannot be understood. Its message begins with the place. */
export class Misplaced extends Mistake {
  readonly place: Place
  readonly problem: string

  constructor(place: Place, problem: string, advice?: string) {
    super(`${place}: ${problem}`, advice)
    this.place = place
    this.problem = problem
  }
}

/** A mapping of a YAML file. Its errors name the file and the line, and never quote a value, which may be a secret. */
export class Mapping {
  readonly #source: Source
  readonly #node: Node
  readonly #entries: Entries

  constructor(source: Source, node: Node) {
    this.#source = source
    this.#node = node
    const map = resolved(source, node)
    this.#entries = new Map()
    if (!isMap<Node, Node | null>(map)) this.fail('a mapping of keys to values is due here')
    if (source.read.has(map)) {
      this.#entries = source.read.get(map) ?? this.fail('a mapping cannot be part of itself')
      return
    }
    source.read.set(map, undefined)
    const entries = new Map<string, { key: Node; value: Node | null }>()
    const own = new Set<string>()
    for (const { key, value } of map.items) {
      if (!isScalar(key) || key.value !== '<<') {
        const name = isScalar(key) ? String(key.value) : ''
        if (own.has(name)) {
          const problem = 'it is there twice, and the last one counts'
          source.losses.push({ place: placeOf(source, key), what: `key "${name}"`, problem })
        }
        own.add(name)
        entries.set(name, { key, value })
        continue
      }
      for (const [name, entry] of this.#merged(value)) if (!entries.has(name)) entries.set(name, entry)
    }
    source.read.set(map, entries)
    this.#entries = entries
  }

  /** What `<<` adds: keys that the mapping does not have itself. https://yaml.org/type/merge.html */
  #merged(value: Node | null): [string, { key: Node; value: Node | null }][] {
    const node = resolved(this.#source, value)
    const parts = isSeq<Node>(node) ? node.items : node === null ? [] : [node]
    return parts.flatMap((part) => [...new Mapping(this.#source, part).#entries])
  }

  get keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** What of the whole file cannot count. */
  get losses(): readonly Loss[] {
    return this.#source.losses
  }

  get isTemplate(): boolean {
    return this.#source.isTemplate
  }

  get file(): string {
    return this.#source.file
  }

  /** The place of a key, or of the mapping itself. */
  place(key?: string): Place {
    const node = (key === undefined ? undefined : this.#entries.get(key)?.key) ?? this.#node
    return placeOf(this.#source, node)
  }

  /** The line of the file that a text begins in, from 0. */
  lineOf(key: string): number {
    const node = this.#value(key)
    const { line, lines } = this.#source
    if (!node?.range) return line
    const isBlock = isScalar(node) && /^BLOCK/.test(node.type ?? '')
    return line + lines.linePos(node.range[0]).line - (isBlock ? 0 : 1)
  }

  /** Throws a mistake that names the place. */
  fail(problem: string, key?: string, advice?: string): never {
    throw new Misplaced(this.place(key), problem, advice)
  }

  /** The keys that are not known. The exporter may pass over them, so that they refuse nothing here. */
  unknown(what: string, known: readonly string[]): Loss[] {
    return this.keys
      .filter((key) => !known.includes(key))
      .map((key) => {
        const meant = nearest(key, known)
        const question = meant === undefined ? '' : `: did you mean "${meant}"?`
        const problem = `it is not a key of ${what}${question}`
        return { place: this.place(key), what: `key "${key}"`, problem, harmless: meant === undefined }
      })
  }

  has(key: string): boolean {
    return this.#value(key) !== null
  }

  isMapping(key: string): boolean {
    return isMap(this.#value(key))
  }

  isList(key: string): boolean {
    return isSeq(this.#value(key))
  }

  isText(key: string): boolean {
    const node = this.#value(key)
    return isScalar(node) && typeof node.value === 'string'
  }

  text(key: string): string | undefined {
    const node = this.#value(key)
    return node === null ? undefined : this.#scalar(key, node)
  }

  /** Whether a key has what YAML 1.1 takes for true. */
  flag(key: string): boolean {
    return /^(true|yes|on|y)$/i.test(this.text(key) ?? '')
  }

  /** The text of a key that `of`, such as `a collector`, cannot lack. */
  required(key: string, of: string): string {
    return this.text(key) ?? this.fail(`${of} has no "${key}"`)
  }

  /** Milliseconds of a duration as Prometheus writes it. */
  duration(key: string): number | undefined {
    const text = this.text(key)
    if (text === undefined) return undefined
    try {
      return parseDuration(text, LONGER)
    } catch {
      return this.fail(`"${key}" takes a duration such as 30s, 5m or 1h30m`, key)
    }
  }

  texts(key: string): readonly string[] {
    return this.#items(key).map((item) => this.#scalar(key, item))
  }

  mapping(key: string): Mapping | undefined {
    const node = this.#value(key)
    return node === null ? undefined : new Mapping(this.#source, node)
  }

  mappings(key: string): readonly Mapping[] {
    return this.#items(key).map((item) => new Mapping(this.#source, item))
  }

  /** The documents in the text of a key, such as that of a file in a ConfigMap. */
  documents(key: string): Mapping[] {
    return readDocuments(this.text(key) ?? '', this.file, this.lineOf(key))
  }

  #items(key: string): readonly Node[] {
    const node = this.#value(key)
    if (node === null) return []
    return isSeq<Node>(node) ? node.items : this.fail(`"${key}" takes a list`, key)
  }

  /** The text as it is written: a version 1.10 is not the number 1.1. */
  #scalar(key: string, node: Node): string {
    const scalar = resolved(this.#source, node)
    if (!isScalar(scalar) || scalar.value === null) return this.fail(`"${key}" takes a text`, key)
    return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value))
  }

  #value(key: string): Node | null {
    const node = resolved(this.#source, this.#entries.get(key)?.value ?? null)
    return isScalar(node) && node.value === null ? null : node
  }
}

function resolved({ document }: Source, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}

function placeOf({ file, line, lines }: Source, { range }: Node): Place {
  if (!range) throw new Error(`${file}: a node that was parsed has no place`)
  return `${file}:${line + lines.linePos(range[0]).line}`
}

/**
 * Reads the documents of a YAML text, each of which is a mapping. The text begins in this line of the file, from 0. Throws a
 * Mistake that names the file and the line when it is something else.
 */
export function readDocuments(text: string, file: string, line = 0): Mapping[] {
  const lines = new LineCounter()
  const documents = parseLikeGo(text, lines, (error) => {
    const place = `${file}:${line + lines.linePos(error.pos[0]).line}`
    if (text.includes('{{')) {
      throw new Misplaced(place, TEMPLATE.problem, TEMPLATE.advice)
    }
    // What follows a colon may quote the file, and a data source name has a password.
    const [problem] = error.message.split(/[:;]/)
    throw new Misplaced(place, `this is not YAML: ${problem}`)
  })
  const filled = documents.filter(({ contents }) => contents !== null && !isEmptyText(contents))
  if (filled.length === 0) throw new Mistake(`${file}: the file is empty`)
  return filled.map((document) => {
    const isTemplate = text.includes('{{')
    const source: Source = { file, line, document, lines, isTemplate, read: new Map(), losses: [] }
    if (document.contents === null) throw new Error(`${file}: a document has no contents`)
    return new Mapping(source, document.contents)
  })
}

function isEmptyText(node: Node): boolean {
  return isScalar(node) && node.value === null
}

/** The documents of a text, in which Go's parsers find no fault that this one finds. */
function parseLikeGo(text: string, lines: LineCounter, refuse: (error: YAMLParseError) => never): Document[] {
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const documents: Document[] = 'empty' in parsed ? [] : parsed
  const [error] = documents.flatMap(({ errors }) => errors)
  if (error === undefined) return documents
  const indented = error.code === 'MISSING_CHAR' ? withIndentedText(text, error.pos[0]) : undefined
  if (indented === undefined) return refuse(error)
  lines.lineStarts.length = 0
  return parseLikeGo(indented, lines, refuse)
}
