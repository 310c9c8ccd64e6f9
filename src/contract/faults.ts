import { type Culprit, culpritOf } from './culprit.ts'

/** Takes an error of a collector's code. */
type Blame = (culprit: Culprit, error: unknown) => void

/** What the process calls errors that nobody caught. */
export const FAULTS = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Catches what nobody caught. An error of a collector's code is that collector's failure. Any other is given to `fatal`,
 * and before `settle` is called it ends the process, as ever.
 */
export class Faults {
  readonly #early: [Culprit, unknown][] = []
  #blame: Blame = (...fault) => void this.#early.push(fault)
  #fatal: ((error: unknown) => void) | undefined

  constructor() {
    for (const event of FAULTS) process.on(event, this.#caught)
  }

  /** Says who is told from now on, and of the collectors' errors before. */
  settle(blame: Blame, fatal?: (error: unknown) => void): void {
    this.#blame = blame
    this.#fatal = fatal
    for (const fault of this.#early.splice(0)) blame(...fault)
  }

  /** Catches nothing more. */
  end(): void {
    for (const event of FAULTS) process.off(event, this.#caught)
  }

  readonly #caught = (error: unknown) => {
    const culprit = culpritOf(error)
    if (culprit !== undefined) this.#blame(culprit, error)
    else if (this.#fatal === undefined) throw error
    else this.#fatal(error)
  }
}
