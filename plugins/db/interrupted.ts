/** Says that a question to an endpoint gave its connection up to another caller before there was an answer. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  /** Milliseconds that the endpoint had to answer. */
  readonly waited: number

  constructor(waited: number) {
    super('the connection was needed for something else')
    this.waited = waited
  }
}
