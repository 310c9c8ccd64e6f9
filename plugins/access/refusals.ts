// How often a listener refused something. Imports nothing.

/** Why something was refused. Each is a series from the start, so there are few. */
export const REFUSAL_REASONS = [
  'busy',
  'connections',
  'forbidden',
  'handshake',
  'malformed',
  'not_found',
  'pipelined',
  'timeout',
  'unauthorized',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

const STATUSES: ReadonlyMap<number, RefusalReason> = new Map([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [408, 'timeout'],
  [409, 'busy'],
  [429, 'busy'],
])

/** Counts what a listener refuses: a stranger can make any number of such requests, and none gets a line in the log. */
export class Refusals {
  readonly #counts = new Map<RefusalReason, number>(REFUSAL_REASONS.map((reason) => [reason, 0]))

  /** How often each reason was one, so far. */
  get counts(): ReadonlyMap<RefusalReason, number> {
    return this.#counts
  }

  count(reason: RefusalReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
  }

  /** Counts an answer, if its status says that the request was refused. */
  countStatus(status: number): void {
    const reason = STATUSES.get(status) ?? (status >= 400 && status < 500 ? 'malformed' : undefined)
    if (reason !== undefined) this.count(reason)
  }

  /** Counts what a client sent that is no request. A connection that the client has reset was not refused. */
  countError({ code = '' }: NodeJS.ErrnoException): void {
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') this.count('timeout')
    else if (code.startsWith('HPE_')) this.count('malformed')
  }
}
