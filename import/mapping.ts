import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { nearest } from '../src/config/nearest.ts'
import { parseDuration } from '../src/time/duration.ts'
import type { Loss, Place } from './loss.ts'
import { type Entries, isMerge, isNull, Misplaced, placeOf, resolved, type Source, textOf } from './source.ts'

/** Units of Prometheus that Go lacks: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
const LONGER = new Map([
  ['d', 86_400_000],
  ['w', 604_800_000],
  ['y', 31_536_000_000],
])

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
      if (!isMerge(key)) {
        const name = isScalar(key) ? textOf(key) : ''
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
  get losses(): Loss[] {
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
    return isScalar(node)
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

  /** The mappings of a list. What else is in it is a loss, and costs nothing else. */
  mappings(key: string): readonly Mapping[] {
    return this.#items(key).flatMap((item) => {
      if (isMap(resolved(this.#source, item))) return [new Mapping(this.#source, item)]
      const place = placeOf(this.#source, item)
      const what = `an entry of "${key}"`
      const isSaid = this.losses.some((loss) => loss.place === place && loss.what === what)
      if (!isSaid) this.losses.push({ place, what, problem: 'it is no mapping of keys' })
      return []
    })
  }

  #items(key: string): readonly Node[] {
    const node = this.#value(key)
    if (node === null) return []
    return isSeq<Node>(node) ? node.items : this.fail(`"${key}" takes a list`, key)
  }

  #scalar(key: string, node: Node): string {
    const scalar = resolved(this.#source, node)
    if (!isScalar(scalar) || isNull(scalar)) return this.fail(`"${key}" takes a text`, key)
    return textOf(scalar)
  }

  #value(key: string): Node | null {
    const node = resolved(this.#source, this.#entries.get(key)?.value ?? null)
    return isNull(node) ? null : node
  }
}
