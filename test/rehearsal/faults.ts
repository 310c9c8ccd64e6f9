import { CLUSTER_FAULTS } from './cluster-faults.ts'
import type { Fault } from './fault.ts'
import { INPUT_FAULTS } from './input-faults.ts'
import { REPLICA_FAULTS } from './replica-faults.ts'
import { WATCH_FAULTS } from './watch-faults.ts'

/** All that may befall. Another fault is another entry. */
export const REHEARSED: readonly Fault[] = [
  ...REPLICA_FAULTS,
  ...CLUSTER_FAULTS,
  ...INPUT_FAULTS,
  ...WATCH_FAULTS,
]
