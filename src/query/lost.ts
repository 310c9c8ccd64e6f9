import { describeError } from '../finding.ts'

/**
 * Says that a query was cut off by what happened to its snapshot, its connection or its server, not by what it asks: it
 * may succeed when it is asked again. The cause is what happened.
 */
export class LostError extends Error {
  override name = 'LostError'

  constructor(cause: unknown) {
    super(describeError(cause), { cause })
  }
}
