// Leader: which replica collects a database. Imports stages before it and src/finding.ts only.
import { describeError } from '../finding.ts'
import { orClose } from '../time/deadline.ts'
import { Candidate } from './candidate.ts'
import type { Leader } from './leader.ts'
import { Lease, type LeaseOptions, type Listener } from './lease.ts'
import type { Holder, LeaderLock, Leading, LockState } from './lock.ts'

/** What a leadership works with. */
interface LeadershipOptions extends LeaseOptions {
  /** Opens a session. Rejects when no endpoint accepts writes. */
  open(signal: AbortSignal): Promise<LeaderLock>
  /** How many databases there are. */
  readonly databases: number
  /** Returns a random number from 0 to 1. */
  chance(): number
}

/** How many times in a lease the lock is looked at. */
const LOOKS = 4
/**
 * Milliseconds between two looks while the lead of a database changes hands, when it is no more databases than these: for
 * so long they are on no page.
 */
const HURRY = 50
const HURRIED = 10
/** Milliseconds for a session to be opened: names to be looked up, TLS to be agreed on, hosts that do not answer. */
const OPENING = 15_000

/** Asks for the lock of one database again and again, and leads the database while it has the lock. */
export class Leadership implements Leader {
  readonly elected = true
  readonly #options: LeadershipOptions
  readonly #candidate: Candidate
  readonly #lease: Lease
  readonly #stopping = new AbortController()
  #lock: LeaderLock | undefined
  /** Why the last look failed: repeated failures are logged once. */
  #failure: string | undefined
  /** Who had the lock at the last look. */
  #leading: Leading | null = null
  /** Who had the lock at the last look, and is no replica. */
  #foreign: Holder | null = null
  /** For a lead that another replica gives up. */
  #preparation: Preparation | undefined
  /** Whether this replica, which leads, may give up: another can take over, or there is no other. */
  #replaceable = false
  #followed: Promise<void> | undefined
  #looking: Promise<void> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#candidate = new Candidate(options.lease, options.databases)
    this.#lease = new Lease(options)
  }

  /** The moment of the clock up to which no other replica leads; one of the past when this one does not lead. */
  get trustedUntil(): number {
    return this.#lease.trustedUntil
  }

  /** How many times the lead was gained. */
  get term(): number {
    return this.#lease.term
  }

  get hindrance(): string | undefined {
    if (this.#failure !== undefined) return `the leader lock cannot be asked for: ${this.#failure}`
    return this.#foreign === null
      ? undefined
      : `the leader lock is held by ${nameOf(this.#foreign)}, so that no replica can lead`
  }

  get leading(): Leading | undefined {
    return this.#leading ?? undefined
  }

  /** Asks for the lock until it is stopped. */
  follow(listener: Listener): void {
    this.#lease.listen(listener)
    this.#followed = this.#follow()
  }

  /** Asks the server now, and resolves to whether this replica leads. */
  async confirm(): Promise<boolean> {
    await this.#lookAgain()
    return this.trustedUntil > this.#options.clock.now()
  }

  async handOver(ms: number): Promise<void> {
    const { clock } = this.#options
    const lock = this.#lock
    const until = clock.now() + ms
    if (lock === undefined || this.trustedUntil <= clock.now()) return
    const told = await clock.within(lock.tell('quits'), { ms }).then(
      () => true,
      () => false,
    )
    while (told && (await this.confirm()) && !this.#replaceable && clock.now() < until) {
      await clock.pause(this.#hurry, this.#stopping.signal)
    }
  }

  /** Ends the lead, and then the session. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the service is stopping'))
    await Promise.all([this.#followed, this.#looking])
    // Another replica can lead as soon as the session has ended.
    this.#lease.stop()
    await this.#lock?.close()
  }

  /** Milliseconds between two looks while the lead changes hands. */
  get #hurry(): number {
    const { lease, databases } = this.#options
    return Math.min(HURRY * Math.max(databases / HURRIED, 1), lease / LOOKS)
  }

  async #follow(): Promise<void> {
    const { clock, lease, chance } = this.#options
    while (!this.#stopping.signal.aborted) {
      await this.#lookAgain()
      const wait = this.#preparation === undefined ? lease / LOOKS : this.#hurry
      await clock.pause(wait * (0.5 + chance()), this.#stopping.signal)
    }
  }

  /** Waits for a look that begins after the call. All who call during one look share the next. */
  async #lookAgain(): Promise<void> {
    await this.#looking
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  async #look(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#step()
      if (this.#failure !== undefined) log.info({ event: 'lead' }, 'leader lock available again')
      this.#failure = undefined
    } catch (error) {
      this.#lock?.destroy(error)
      this.#lock = undefined
      // A server that restarted has forgotten who had the lock, and may have given it to another replica.
      this.#lease.end()
      this.#foreign = null
      this.#leading = null
      this.#preparation = undefined
      if (this.#stopping.signal.aborted) return
      const failure = describeError(error)
      if (this.#failure === undefined) log.warn({ event: 'lead' }, `leader lock unavailable: ${failure}`)
      this.#failure = failure
    }
  }

  /** Opens a session that may take longer than a lease. One that arrives too late is closed. */
  async #open(): Promise<LeaderLock> {
    const { clock, lease, open } = this.#options
    const { signal } = this.#stopping
    const opening = open(signal)
    const inTime = clock.within(opening, { ms: Math.max(lease, OPENING), signal })
    return orClose(opening, inTime, (lock) => lock.close())
  }

  /** Says once of each who has the lock and is no replica, and once that there is none any more. */
  #note(foreign: Holder | null): void {
    const { log } = this.#options
    const before = this.#foreign
    this.#foreign = foreign
    if (foreign === null) {
      if (before !== null) log.info({ event: 'lead' }, 'leader lock no longer held by another role')
    } else if (foreign.pid !== before?.pid) {
      log.warn(
        { event: 'lead' },
        `leader lock held by another role, so that no replica can lead: ${nameOf(foreign)}`,
      )
    }
  }

  /** Prepares for a lead that another replica gives up, and tells the others once that is done. */
  async #prepare(lock: LeaderLock, seen: LockState): Promise<void> {
    if (this.#candidate.succeeds(seen, this.#options.led.size)) {
      this.#preparation ??= new Preparation(this.#lease)
    } else if (seen.held) {
      if (this.#preparation?.told && !seen.mine) await lock.tell(undefined)
      this.#preparation = undefined
    }
    if (this.#preparation?.done && !this.#preparation.told) {
      await lock.tell('is prepared')
      this.#preparation.told = true
    }
  }

  /** Looks at the lock, and does what the candidate decides. */
  async #step(): Promise<void> {
    const { clock, lease, led } = this.#options
    const { signal } = this.#stopping
    const timely = <T>(work: Promise<T>) => clock.within(work, { ms: lease, signal })
    this.#lock ??= await this.#open()
    const asked = clock.now()
    const seen = await timely(this.#lock.look())
    this.#note(seen.foreign)
    this.#leading = seen.leading
    this.#replaceable = seen.prepared || seen.members <= 1
    await timely(this.#prepare(this.#lock, seen))
    switch (this.#candidate.decide(seen, asked, led.size, this.#preparation?.told ?? false)) {
      case 'lead':
        this.#lease.confirm(asked)
        break
      case 'wait':
        this.#lease.end()
        break
      case 'take': {
        this.#lease.take()
        const asked = clock.now()
        if (await timely(this.#lock.take())) {
          this.#candidate.taken()
          this.#lease.confirm(asked)
        } else this.#lease.end()
        break
      }
      case 'release':
        // It stops before another replica can begin.
        this.#candidate.released(clock.now())
        this.#lease.end()
        await timely(this.#lock.release())
    }
  }
}

/** How far this replica has prepared to lead. */
class Preparation {
  done = false
  /** Whether the others know. */
  told = false

  constructor(lease: Lease) {
    void lease.prepare().then(() => {
      this.done = true
    })
  }
}

function nameOf({ pid, role }: Holder): string {
  return pid === null ? 'a prepared transaction' : `process ${pid} of role ${JSON.stringify(role)}`
}
