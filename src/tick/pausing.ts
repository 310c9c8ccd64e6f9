/** Whether collection is paused. Nothing goes to a database then but what keeps the lead. */
export class Pausing {
  #since: number | undefined
  #begun = new AbortController()

  /** Since when, in milliseconds since 1970; undefined while it is not. */
  get since(): number | undefined {
    return this.#since
  }

  /** Aborts when the next pause begins; it has aborted while it is paused. */
  get signal(): AbortSignal {
    return this.#begun.signal
  }

  /** Returns whether a pause begins with that. */
  begin(): boolean {
    if (this.#since !== undefined) return false
    this.#since = Date.now()
    this.#begun.abort(new Error('collection is paused'))
    return true
  }

  /** Returns how many seconds the pause was; undefined if there was none. */
  end(): number | undefined {
    if (this.#since === undefined) return undefined
    const seconds = (Date.now() - this.#since) / 1000
    this.#since = undefined
    this.#begun = new AbortController()
    return seconds
  }
}
