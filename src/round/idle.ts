import type { Collector } from '../contract/collector.ts'
import { isOfVersions } from '../contract/versions.ts'
import { NOTHING_REJECTED } from '../rows/rows.ts'
import type { Samples } from '../samples/samples.ts'

/** The server that a round asks. */
interface Server {
  readonly inRecovery: boolean
  /** As it reports its version: `15.18 (Debian …)`. */
  readonly version: string | undefined
}

/** What a collector shows that is not for the server. */
export const NO_SAMPLES: Samples = { sets: [], series: 0, folded: 0, ...NOTHING_REJECTED }

/** Why a collector does not run on a server; undefined when it does. An engine that reports no version is of all. */
export function whyIdle(
  { role, versions }: Pick<Collector, 'versions' | 'role'>,
  { inRecovery, version }: Server,
): string | undefined {
  const own = inRecovery ? 'standby' : 'primary'
  if (role !== undefined && role !== own) return `it is for a ${role}, and the server is a ${own}`
  if (versions === undefined || version === undefined || isOfVersions(versions, version)) return undefined
  const [number] = version.split(' ')
  return `it is for PostgreSQL ${versions}, and the server is ${number}`
}
