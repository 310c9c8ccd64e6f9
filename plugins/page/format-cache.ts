// Imports src/ only.
import type { Format } from '../../src/page/syntax.ts'

/** A value for each object and format, created when it is first asked for and dropped with the object. */
export class FormatCache<Key extends object, Value> {
  readonly #values = new WeakMap<Key, Map<Format, Value>>()

  /** Returns the value, and creates it if there is none yet. */
  get(key: Key, format: Format, create: () => Value): Value {
    const formats = this.#values.get(key) ?? new Map<Format, Value>()
    this.#values.set(key, formats)
    const value = formats.get(format) ?? create()
    formats.set(format, value)
    return value
  }
}
