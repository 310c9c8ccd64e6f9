import type { LeaderLock, LockState, Notice } from '../../src/leader/lock.ts'
import type { Machine } from './machine.ts'
import type { Timeline } from './timeline.ts'

/** A session of the server. */
interface Session {
  ended: boolean
  /** The moment at which the server ends it, unless it asks something before. */
  keptUntil: number
  /** What it tells the others. */
  notice: Notice
}

/** Milliseconds for the server to confirm that a session ends. */
const CLOSE = 1000
/** Milliseconds until the first message of a connection is sent again. */
const RESEND = 100

/** Returns how many milliseconds the next message takes. */
export type Latency = () => number

/**
 * Models what the election of a leader needs from one PostgreSQL server: sessions, the advisory lock that one of them can
 * hold, and idle_session_timeout. A simulation has thousands of servers, so they cannot be real ones; that a real one
 * does the same is tested by test/faults/leader.slow.ts.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class LockServer {
  readonly #timeline: Timeline
  readonly #idle: number
  readonly #latency: Latency
  readonly #sessions = new Set<Session>()
  #holder: Session | undefined
  #up = true
  /** The moment of its last recovery. */
  backAt = 0
  /** Machines that no message reaches or comes from. */
  readonly unreachable = new Set<Machine>()

  /** `idle` is the time in milliseconds after which it ends a session that asks nothing. */
  constructor(timeline: Timeline, idle: number, latency: Latency) {
    this.#timeline = timeline
    this.#idle = idle
    this.#latency = latency
  }

  get up(): boolean {
    return this.#up
  }

  /** Ends all sessions, and refuses new ones. */
  crash(): void {
    this.#up = false
    for (const session of this.#sessions) this.#end(session)
  }

  /** Accepts sessions again. */
  recover(): void {
    this.#up = true
    this.backAt = this.#timeline.now
  }

  /** Opens a session of a machine. `lost` is what happens to it when the process is killed. */
  async open(machine: Machine): Promise<LeaderLock & { lost(): void }> {
    const session: Session = { ended: false, keptUntil: 0, notice: undefined }
    const ask = <T>(answer: () => T) => this.#ask(machine, session, answer)
    await this.#reach(machine)
    await this.#travel(machine, () => {
      if (!this.#up) throw new Error('connection refused')
      this.#sessions.add(session)
      this.#keep(session)
      this.#expire(session)
    })
    const end = () => this.#end(session)
    // The server learns of the end by a message, if the network delivers it.
    const leave = () => {
      this.#timeline.after(this.#latency(), () => {
        if (!this.unreachable.has(machine)) end()
      })
    }
    return {
      look: () => ask(() => this.#stateFor(session)),
      take: () => ask(() => this.#take(session)),
      tell: (notice) =>
        ask(() => {
          session.notice = notice
        }),
      release: () =>
        ask(() => {
          if (this.#holder === session) this.#holder = undefined
        }),
      destroy: leave,
      close: () => machine.within(this.#travel(machine, end), { ms: CLOSE }).catch(() => {}),
      lost: leave,
    }
  }

  #stateFor(session: Session): LockState {
    return {
      members: this.#sessions.size,
      held: this.#holder !== undefined,
      mine: this.#holder === session,
      foreign: null,
      leading: null,
      quits: this.#holder?.notice === 'quits',
      prepared: [...this.#sessions].some(({ notice }) => notice === 'is prepared'),
    }
  }

  #take(session: Session): boolean {
    this.#holder ??= session
    if (this.#holder !== session) return false
    session.notice = undefined
    return true
  }

  #ask<T>(machine: Machine, session: Session, answer: () => T): Promise<T> {
    return this.#travel(machine, () => {
      if (session.ended) throw new Error('the server closed the connection')
      this.#keep(session)
      return answer()
    })
  }

  /** Resolves when messages get through: the kernel sends the first of a connection again and again. */
  async #reach(machine: Machine): Promise<void> {
    while (this.unreachable.has(machine)) await new Promise<void>((resolve) => machine.after(RESEND, resolve))
  }

  /** Sends a question and its answer. A message that is lost is never answered. */
  #travel<T>(machine: Machine, answer: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#timeline.after(this.#latency(), () => {
      if (this.unreachable.has(machine)) return
      let reply: () => void
      try {
        const found = answer()
        reply = () => resolve(found)
      } catch (error) {
        reply = () => reject(error)
      }
      machine.after(this.#latency(), () => {
        if (!this.unreachable.has(machine)) reply()
      })
    })
    return promise
  }

  #keep(session: Session): void {
    session.keptUntil = this.#timeline.now + this.#idle
  }

  #expire(session: Session): void {
    const left = session.keptUntil - this.#timeline.now
    if (session.ended) return
    if (left <= 0) this.#end(session)
    else this.#timeline.after(left, () => this.#expire(session))
  }

  #end(session: Session): void {
    session.ended = true
    this.#sessions.delete(session)
    if (this.#holder === session) this.#holder = undefined
  }
}
