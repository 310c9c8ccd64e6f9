import { later, type Moment, type Window } from '../time/moment.ts'

/** The windows of one run: those to count for good, in order, and an open one that the next run asks for again. */
export interface WindowPlan {
  readonly sealed: readonly Window[]
  readonly open: Window
}

/** The longest window of one query, in milliseconds: what was missed in an outage is caught up with in parts. */
const LONGEST = 3_600_000

/**
 * Plans a run at a moment of the database's clock, with everything up to `sealedTo` counted for good. What is older than
 * `settle` milliseconds is sealed. A clock that stepped back seals nothing and leaves an empty window open, so that no
 * row is in two sealed windows.
 */
export function planWindow(
  { sealedTo }: { readonly sealedTo: Moment },
  now: Moment,
  settle: number,
): WindowPlan {
  const settled = later(now, -settle)
  const seal = settled > sealedTo ? settled : sealedTo
  const sealed: Window[] = []
  for (let from = sealedTo; from < seal; ) {
    const end = later(from, LONGEST)
    const to = end < seal ? end : seal
    sealed.push({ from, to })
    from = to
  }
  return { sealed, open: { from: seal, to: now > seal ? now : seal } }
}
