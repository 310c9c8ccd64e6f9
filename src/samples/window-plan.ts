import { later, type Moment, type Window } from '../time/moment.ts'

/** What a snapshot of a database sees of the past. */
export interface Horizon {
  /** The snapshot's time by the server's clock. */
  readonly now: Moment
  /** The time that the clock would show had it not jumped. */
  readonly believed: Moment
  /**
   * Everything that was committed up to this moment is in the snapshot, as far as can be known: a standby sees what it
   * has replayed, and a clock that jumped is not believed. Undefined when nothing is known.
   */
  readonly complete: Moment | undefined
  /** The same by the server's own account, whatever is believed of its clock. */
  readonly seen: Moment | undefined
}

/** The windows of one run: those to count for good, in order, and an open one that the next run asks for again. */
export interface WindowPlan {
  readonly sealed: readonly Window[]
  readonly open: Window
}

/** The moment up to which a run may count for good, with rows that commit up to `settle` milliseconds late. */
export function sealOf({ now, complete }: Horizon, settle: number): Moment | undefined {
  return complete === undefined ? undefined : later(complete < now ? complete : now, -settle)
}

/**
 * Plans a run with everything up to `sealedTo` counted for good. What may be sealed is cut into windows of `longest`
 * milliseconds at most. A clock that stepped back seals nothing and leaves an empty window open, so that no row is in
 * two sealed windows.
 */
export function planWindow(
  { sealedTo }: { readonly sealedTo: Moment },
  horizon: Horizon,
  settle: number,
  longest: number,
): WindowPlan {
  const { now } = horizon
  const settled = sealOf(horizon, settle) ?? sealedTo
  const seal = settled > sealedTo ? settled : sealedTo
  const sealed: Window[] = []
  for (let from = sealedTo; from < seal; ) {
    const end = later(from, longest)
    const to = end < seal ? end : seal
    sealed.push({ from, to })
    from = to
  }
  return { sealed, open: { from: seal, to: now > seal ? now : seal } }
}
