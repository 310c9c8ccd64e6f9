import fc from 'fast-check'
import { says } from '../security/rogue.ts'
import { METHODS } from './answers.ts'

const TYPES = [...'RKSZTDCENAIGHdcWnt123sv~\0']
const LENGTHS = [
  0,
  1,
  3,
  4,
  5,
  8,
  65_535,
  65_541,
  2 ** 20,
  2 ** 24 + 5,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
]

/** What is done to one answer. */
interface Edit {
  /** Which answer of a connection it is. */
  readonly turn: number
  /** Which message, or which byte. */
  readonly at: number
  readonly kind:
    | 'drop'
    | 'double'
    | 'many'
    | 'move'
    | 'insert'
    | 'retype'
    | 'length'
    | 'flip'
    | 'delete'
    | 'add'
    | 'cut'
  readonly value: number
  readonly message: Buffer
}

/** A message that no server would send here. */
const strange = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 })),
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.constantFrom(...LENGTHS)),
  )
  .map(([type, content, length]) => says(type, Buffer.from(content as string), length))

const edit: fc.Arbitrary<Edit> = fc.record({
  turn: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 12 })),
  at: fc.nat({ max: 4000 }),
  kind: fc.constantFrom(
    'drop',
    'double',
    'many',
    'move',
    'insert',
    'retype',
    'length',
    'flip',
    'delete',
    'add',
    'cut',
  ),
  value: fc.nat({ max: 2 ** 16 }),
  message: strange,
})

/** How a server treats one connection, or several. */
export interface Manner {
  readonly method: (typeof METHODS)[number]
  readonly edits: readonly Edit[]
  /** Bytes that are written at once, again and again; none of them: all. */
  readonly chunks: readonly number[]
  /** Whether the connection ends behind the last edit, and how. */
  readonly end: 'no' | 'end' | 'reset'
}

/** That of a true server. */
export const TRUE: Manner = { method: 'trust', edits: [], chunks: [], end: 'no' }

export const manners: fc.Arbitrary<Manner> = fc.record({
  method: fc.constantFrom(...METHODS),
  edits: fc.array(edit, { maxLength: 5 }),
  chunks: fc.oneof(
    fc.constant([]),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
  ),
  end: fc.constantFrom('no', 'end', 'reset'),
})

/** An answer with what an edit does to it. */
export function edited(messages: readonly Buffer[], { at, kind, value, message }: Edit): readonly Buffer[] {
  const i = at % (messages.length + 1)
  const [before, one, after] = [messages.slice(0, i), messages.slice(i, i + 1), messages.slice(i + 1)]
  const bytes = Buffer.concat(messages)
  const place = at % (bytes.length + 1)
  switch (kind) {
    case 'drop':
      return [...before, ...after]
    case 'double':
      return [...before, ...one, ...one, ...after]
    case 'many':
      return [...before, ...Array.from({ length: value % 3000 }, () => one[0] ?? message), ...after]
    case 'move':
      return [...one, ...before, ...after]
    case 'insert':
      return [...before, message, ...one, ...after]
    case 'retype':
      return [...before, ...one.map((m) => Buffer.concat([message.subarray(0, 1), m.subarray(1)])), ...after]
    case 'length': {
      const changed = one.map((m) => Buffer.from(m))
      if ((changed[0]?.length ?? 0) >= 5)
        changed[0]?.writeUInt32BE(LENGTHS[value % LENGTHS.length] ?? value, 1)
      return [...before, ...changed, ...after]
    }
    case 'flip':
      bytes[place % Math.max(bytes.length, 1)] = value % 256
      return [bytes]
    case 'delete':
      return [bytes.subarray(0, place), bytes.subarray(place + (value % 9))]
    case 'add':
      return [bytes.subarray(0, place), message, bytes.subarray(place)]
    case 'cut':
      return [bytes.subarray(0, place)]
  }
}
