/**
 * The texts of one label, each once. It is kept from one run to the next: most texts come again, and a hundred thousand
 * new ones a minute would be a burden for the garbage collector.
 */
export class Dictionary {
  readonly #texts: string[] = []
  readonly #ids = new Map<string, number>()
  /** The id that is likely next: rows mostly come in the order in which they came before. */
  #next = 0

  get size(): number {
    return this.#texts.length
  }

  /** The id of a text, which never changes. */
  intern(text: string): number {
    if (this.#texts[this.#next] === text) return this.#next++
    let id = this.#ids.get(text)
    if (id === undefined) {
      id = this.#texts.push(text) - 1
      this.#ids.set(text, id)
    }
    this.#next = id + 1
    return id
  }

  text(id: number): string {
    const text = this.#texts[id]
    if (text === undefined) throw new RangeError(`there is no text ${id} among ${this.#texts.length}`)
    return text
  }
}

/** An empty dictionary for each label. */
export function dictionariesOf(labels: readonly unknown[]): Dictionary[] {
  return labels.map(() => new Dictionary())
}
