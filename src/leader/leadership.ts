import { describeError } from '../finding.ts'
import type { Clock } from '../time/clock.ts'
import { Candidate, type View } from './candidate.ts'

/** The lock of one database's leader, as one session sees it. What it asks rejects when the session is lost. */
export interface LeaderLock {
  /** Asks who holds it. */
  look(): Promise<View>
  /** Takes it if nobody has it. */
  take(): Promise<boolean>
  /** Gives it up. */
  release(): Promise<void>
  /** Cuts the session. */
  destroy(reason: unknown): void
  /** Ends the session, and with it the lock. */
  close(): Promise<void>
}

/** How many databases a replica leads, or is about to: kept, for each look at one of a thousand asks for it. */
export interface Tally {
  held: number
}

/** What the leadership of one database goes by. */
export interface Surroundings {
  readonly clock: Clock
  /** Milliseconds: for so long it is led from when the lock was asked for, and the server keeps a silent session. */
  readonly lease: number
  /** Opens a session. Rejects when there is no endpoint to be had that can be written to. */
  open(signal: AbortSignal): Promise<LeaderLock>
  /** How many databases there are. */
  readonly databases: number
  /** Of all of this replica's. */
  readonly tally: Tally
  /** From 0 to 1, by chance. */
  chance(): number
  readonly log: { info(message: string): void; warn(message: string): void }
}

/** Who is told each time that the lead is gained or lost. */
export interface Listener {
  gained(): void
  lost(): void
}

/** Looks at the lock in one lease. */
const LOOKS = 4

/** Asks for the lock of one database again and again, and knows whether this replica leads it. */
export class Leadership {
  readonly #surroundings: Surroundings
  readonly #candidate: Candidate
  readonly #stopping = new AbortController()
  #lock: LeaderLock | undefined
  /** Whether it is about to lead, whether it does by what was told, and whether the tally has it. */
  #taking = false
  #leading = false
  #counted = false
  #term = 0
  #failing = false
  #listener: Listener = { gained() {}, lost() {} }
  #forgetExpiry = () => {}
  #followed: Promise<void> | undefined
  #looking: Promise<void> | undefined

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.#candidate = new Candidate(surroundings.lease)
  }

  /** The moment of its clock up to which no other replica leads; of the past when this one does not. */
  get until(): number {
    return this.#candidate.until
  }

  /** How often the lead was gained. */
  get term(): number {
    return this.#term
  }

  /** Asks for the lock until it is stopped. */
  follow(listener: Listener): void {
    this.#listener = listener
    this.#followed = this.#follow()
  }

  /** Whether it still leads: asked now. */
  async confirm(): Promise<boolean> {
    await this.#lookNext()
    return this.#leads
  }

  /** Leads no more, and ends the session. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the service is stopping'))
    this.#forgetExpiry()
    await this.#followed
    // Its end frees the lock: before that, nothing may be shown any more.
    this.#candidate.released(this.#surroundings.clock.now())
    await this.#lock?.close()
  }

  get #leads(): boolean {
    return this.#candidate.until > this.#surroundings.clock.now()
  }

  async #follow(): Promise<void> {
    const { clock, lease, chance } = this.#surroundings
    while (!this.#stopping.signal.aborted) {
      await this.#lookNext()
      await clock.pause((lease / LOOKS) * (0.5 + chance()), this.#stopping.signal)
    }
  }

  /** One look at a time: who asks while one is under way gets a look of its own after it. */
  async #lookNext(): Promise<void> {
    await this.#looking
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  async #look(): Promise<void> {
    const { clock, lease, log, open, databases, tally } = this.#surroundings
    const { signal } = this.#stopping
    const timely = <T>(work: Promise<T>) => clock.within(work, { ms: lease, signal })
    try {
      this.#lock ??= await timely(open(signal))
      const asked = clock.now()
      const view = await timely(this.#lock.look())
      const step = this.#candidate.look(view, asked, { held: tally.held, databases })
      if (step === 'take') {
        this.#taking = true
        this.#count()
        const started = clock.now()
        if (await timely(this.#lock.take())) this.#candidate.taken(started)
      } else if (step === 'release') {
        // Shown no more before another can begin.
        this.#candidate.released(clock.now())
        this.#tell()
        await timely(this.#lock.release())
      }
      if (this.#failing) log.info('the lock of the leader can be asked for again')
      this.#failing = false
    } catch (error) {
      this.#lock?.destroy(error)
      this.#lock = undefined
      // A server that went down and came back has forgotten who held the lock: another may have it already.
      this.#candidate.lost()
      if (signal.aborted) return
      if (!this.#failing) log.warn(`the lock of the leader cannot be asked for: ${describeError(error)}`)
      this.#failing = true
    } finally {
      this.#taking = false
      this.#tell()
    }
  }

  /** Tells of what has changed, and looks again when the lease ends. */
  #tell(): void {
    const { clock, log } = this.#surroundings
    this.#forgetExpiry()
    const left = this.#candidate.until - clock.now()
    if (left > 0) this.#forgetExpiry = clock.after(left + 1, () => this.#tell())
    const leading = left > 0
    const changed = leading !== this.#leading
    this.#leading = leading
    this.#count()
    if (!changed) return
    log.info(leading ? 'this replica leads' : 'this replica does not lead any more')
    if (leading) {
      this.#term++
      this.#listener.gained()
    } else this.#listener.lost()
  }

  #count(): void {
    const counts = this.#taking || this.#leading
    if (counts === this.#counted) return
    this.#counted = counts
    this.#surroundings.tally.held += counts ? 1 : -1
  }
}
