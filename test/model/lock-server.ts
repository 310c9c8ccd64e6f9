import type { View } from '../../src/leader/candidate.ts'
import type { LeaderLock } from '../../src/leader/leadership.ts'
import type { Machine } from './machine.ts'
import type { Timeline } from './timeline.ts'

/** A session of a server, and the moment by which it has to ask again. */
interface Session {
  ended: boolean
  keptUntil: number
}

/** Milliseconds that whoever takes leave waits for the server to hear of it. */
const FAREWELL = 1000
const NEVER = new AbortController().signal

/** How long a message is under way, in milliseconds. */
export type Latency = () => number

/**
 * A model of what the election needs of one PostgreSQL server: sessions, the advisory lock that one of them can hold,
 * and idle_session_timeout. It stands for the thousand servers of the simulation; that the real one does the same is
 * what test/faults/leader.long.ts is for.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export class LockServer {
  readonly #timeline: Timeline
  readonly #idle: number
  readonly #latency: Latency
  readonly #sessions = new Set<Session>()
  #holder: Session | undefined
  #up = true
  /** When it was last away. */
  backAt = 0
  /** Machines that no message reaches, nor comes from. */
  readonly parted = new Set<Machine>()

  /** `idle` is the time in milliseconds for which it keeps a session that asks nothing. */
  constructor(timeline: Timeline, idle: number, latency: Latency) {
    this.#timeline = timeline
    this.#idle = idle
    this.#latency = latency
  }

  get up(): boolean {
    return this.#up
  }

  /** All sessions end, and nobody gets another. */
  crash(): void {
    this.#up = false
    for (const session of this.#sessions) this.#end(session)
  }

  recover(): void {
    this.#up = true
    this.backAt = this.#timeline.now
  }

  /** A session of a machine, which ends with it. */
  async open(machine: Machine): Promise<LeaderLock & { lost(): void }> {
    const session: Session = { ended: false, keptUntil: 0 }
    const ask = <T>(answer: () => T) => this.#ask(machine, session, answer)
    await this.#travel(machine, () => {
      if (!this.#up) throw new Error('connection refused')
      this.#sessions.add(session)
      this.#keep(session)
      this.#expire(session)
    })
    const end = () => this.#end(session)
    // The word of its end comes to the server as any other, if the network brings it.
    const leave = () => {
      this.#timeline.after(this.#latency(), () => {
        if (!this.parted.has(machine)) end()
      })
    }
    return {
      look: () => ask(() => this.#view(session)),
      take: () => ask(() => this.#take(session)),
      release: () =>
        ask(() => {
          if (this.#holder === session) this.#holder = undefined
        }),
      destroy: leave,
      close: () => machine.within(FAREWELL, NEVER, this.#travel(machine, end)).catch(() => {}),
      lost: leave,
    }
  }

  #view(session: Session): View {
    return {
      members: this.#sessions.size,
      held: this.#holder !== undefined,
      mine: this.#holder === session,
    }
  }

  #take(session: Session): boolean {
    this.#holder ??= session
    return this.#holder === session
  }

  #ask<T>(machine: Machine, session: Session, answer: () => T): Promise<T> {
    return this.#travel(machine, () => {
      if (session.ended) throw new Error('the server closed the connection')
      this.#keep(session)
      return answer()
    })
  }

  /** There and back. What is lost on the way is never answered. */
  #travel<T>(machine: Machine, answer: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#timeline.after(this.#latency(), () => {
      if (this.parted.has(machine)) return
      let reply: () => void
      try {
        const found = answer()
        reply = () => resolve(found)
      } catch (error) {
        reply = () => reject(error)
      }
      machine.after(this.#latency(), () => {
        if (!this.parted.has(machine)) reply()
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
