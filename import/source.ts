import { type Document, isAlias, isScalar, type LineCounter, type Node, type Scalar } from 'yaml'
import { Mistake } from '../src/finding.ts'
import type { Loss, Place } from './loss.ts'

/** Key → its node, and the node of its value. */
export type Entries = ReadonlyMap<string, { readonly key: Node; readonly value: Node | null }>

/** A document of a file, as it was parsed. */
export interface Source {
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

export function placeOf({ file, line, lines }: Source, { range }: Node): Place {
  if (!range) throw new Error(`${file}: a node that was parsed has no place`)
  return `${file}:${line + lines.linePos(range[0]).line}`
}

/** What an alias stands for, or the node itself. */
export function resolved({ document }: Source, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}

/** The text of a scalar as Go reads it into a text: as it is written, so that 1.10 is not 1.1 and no key is a boolean. */
export function textOf(scalar: Scalar): string {
  return scalar.source ?? String(scalar.value)
}

/** Whether Go reads a node as no value: `~`, `null` or nothing, without quotes. */
export function isNull(node: Node | null): boolean {
  return isScalar(node) && node.type === 'PLAIN' && /^(~|null|Null|NULL|)$/.test(textOf(node))
}

/** Whether a key is `<<`, without quotes. */
export function isMerge(key: Node): boolean {
  return isScalar(key) && key.type === 'PLAIN' && textOf(key) === '<<'
}
