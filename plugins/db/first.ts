import type { Endpoint } from '../../src/config/database-url.ts'
import { describeError } from '../../src/finding.ts'

/** Resolves to what an attempt comes to on the first endpoint where it succeeds. Rejects with the reason of each. */
export async function firstOf<T>(
  endpoints: readonly Endpoint[],
  signal: AbortSignal,
  attempt: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const reasons: string[] = []
  for (const endpoint of endpoints) {
    try {
      return await attempt(endpoint)
    } catch (error) {
      signal.throwIfAborted()
      reasons.push(`${endpoint.name}: ${describeError(error)}`)
    }
  }
  throw new Error(reasons.join('; '))
}
