import type { Log } from '../log.ts'
import type { Clock } from '../time/clock.ts'

/** Is told each time that the lead is gained or lost. */
export interface Listener {
  /** The lead is about to be gained: what the first page shows can be made ready. It never rejects. */
  prepare(): Promise<void>
  gained(): void
  lost(): void
}

/** What a lease works with. */
export interface LeaseOptions {
  readonly clock: Clock
  /** Milliseconds for which a confirmed lead lasts. The server ends a session that asks nothing for as long. */
  readonly lease: number
  /** What this replica leads or is about to lead. All its leases share it, and each adds and removes itself. */
  readonly led: Set<unknown>
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** `taking` is from when the lock is asked for until the answer. A leader is trusted until a moment of the clock. */
type State = 'follower' | 'taking' | { readonly trustedUntil: number }

/**
 * Knows whether this replica leads one database. It does for a lease from the moment of the request that the server
 * confirmed. The server ends a silent session after a lease, too, which it measures from when that request arrived: so
 * this replica has stopped before another can begin, even when no message gets through.
 */
export class Lease {
  readonly #options: LeaseOptions
  #state: State = 'follower'
  #term = 0
  #listener: Listener = { async prepare() {}, gained() {}, lost() {} }
  #cancelExpiry = () => {}

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  /** The moment of the clock up to which no other replica leads; one of the past when this one does not lead. */
  get trustedUntil(): number {
    return leads(this.#state) ? this.#state.trustedUntil : 0
  }

  /** How many times the lead was gained. */
  get term(): number {
    return this.#term
  }

  /** Tells this listener from now on, and no other. */
  listen(listener: Listener): void {
    this.#listener = listener
  }

  /** Gets ready to lead. */
  prepare(): Promise<void> {
    return this.#listener.prepare()
  }

  /** Records that the lock is asked for. */
  take(): void {
    this.#become('taking')
  }

  /** Leads from now on, by what the server confirmed of a request made at the moment `asked`. */
  confirm(asked: number): void {
    const { clock, lease } = this.#options
    const trustedUntil = asked + lease
    this.#become(trustedUntil > clock.now() ? { trustedUntil } : 'follower')
  }

  /** Leads no more. */
  end(): void {
    this.#become('follower')
  }

  /** Leads no more, and tells nobody: the service is stopping. */
  stop(): void {
    this.#cancelExpiry()
    this.#state = 'follower'
  }

  /** Changes the state, and tells when the lead is gained or lost by that. */
  #become(state: State): void {
    const { clock, led, log } = this.#options
    const before = leads(this.#state)
    this.#cancelExpiry()
    this.#state = state
    if (state === 'follower') led.delete(this)
    else led.add(this)
    if (leads(state)) {
      this.#cancelExpiry = clock.after(state.trustedUntil - clock.now() + 1, () => this.end())
    }
    if (leads(state) === before) return
    log.info({ event: 'lead' }, before ? 'this replica no longer leads' : 'this replica leads')
    if (before) this.#listener.lost()
    else {
      this.#term++
      this.#listener.gained()
    }
  }
}

function leads(state: State): state is Exclude<State, string> {
  return typeof state === 'object'
}
