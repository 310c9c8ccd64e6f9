import { readFileSync } from 'node:fs'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { Mistake } from '../src/finding.ts'
import { parseDuration } from '../src/time/duration.ts'

/** Units of Prometheus that Go lacks: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
const LONGER = new Map([
  ['d', 86_400_000],
  ['w', 604_800_000],
  ['y', 31_536_000_000],
])

/** The place of something in a file: `shop.yml:12`. */
export type Place = string

/** Key → its node, and the node of its value. */
type Entries = ReadonlyMap<string, { readonly key: Node; readonly value: Node | null }>

interface Source {
  readonly file: string
  readonly document: Document
  readonly lines: LineCounter
  /** Each mapping that was read, with what it merges; undefined while it is being read. */
  readonly read: Map<Node, Entries | undefined>
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
    for (const { key, value } of map.items) {
      if (!isScalar(key) || key.value !== '<<') {
        entries.set(isScalar(key) ? String(key.value) : '', { key, value })
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

  /** The place of a key, or of the mapping itself. */
  place(key?: string): Place {
    const { file, lines } = this.#source
    const node = (key === undefined ? undefined : this.#entries.get(key)?.key) ?? this.#node
    if (!node.range) throw new Error(`${file}: a node that was parsed has no place`)
    return `${file}:${lines.linePos(node.range[0]).line}`
  }

  /** Throws a Mistake that names the place. */
  fail(problem: string, key?: string, advice?: string): never {
    throw new Mistake(`${this.place(key)}: ${problem}`, advice)
  }

  /** Throws a Mistake that names the first key that is not known. */
  expect(what: string, known: readonly string[]): void {
    const unknown = this.keys.find((key) => !known.includes(key))
    if (unknown !== undefined) {
      this.fail(
        `"${unknown}" is not a key of ${what}`,
        unknown,
        `remove it; the keys are ${known.join(', ')}`,
      )
    }
  }

  has(key: string): boolean {
    return this.#value(key) !== null
  }

  isMapping(key: string): boolean {
    return isMap(this.#value(key))
  }

  text(key: string): string | undefined {
    const node = this.#value(key)
    return node === null ? undefined : this.#scalar(key, node)
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

/** Reads a YAML file that is one mapping. Throws a Mistake that names the file and the line. */
export function readDocument(file: string): Mapping {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new Mistake(`${file}: cannot be read (${reason})`, 'name a file that is there', { cause })
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    // What follows a colon may quote the file, and a data source name has a password.
    const [problem] = error.message.split(/[:;]/)
    throw new Mistake(`${file}:${lines.linePos(error.pos[0]).line}: this is not YAML: ${problem}`)
  }
  if (document.contents === null) throw new Mistake(`${file}: the file is empty`)
  return new Mapping({ file, document, lines, read: new Map() }, document.contents)
}
