/**
 * A mistake in a collector's file. `hint` has what to write instead, where PostgreSQL puts its own advice, so that
 * describeError tells both in one line.
 */
export class Mistake extends Error {
  override name = 'Mistake'
  readonly hint: string

  constructor(problem: string, instead: string) {
    super(problem)
    this.hint = `write: ${instead}`
  }
}
