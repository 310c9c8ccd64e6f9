import { type Finding, renderFinding } from '../src/finding.ts'

/** The place of something in a file: `shop.yml:12`. */
export type Place = string

/** Something of a configuration that cannot be carried over: the finding says why, and what to do instead. */
export interface Loss extends Omit<Finding, 'place'> {
  readonly place: Place
  /** What it is in its file: `metric "orders"`. */
  readonly what: string
  /** Whether the exporter does without it, too, so that nothing is missing here. */
  readonly harmless?: boolean
}

export function renderLoss({ place, what, ...finding }: Loss): string {
  return `${place}: ${what}: ${renderNote(finding)}`
}

/** The same loss at many places is one line, which names the first. */
export function renderLosses(losses: readonly Loss[]): string[] {
  const groups = Map.groupBy(losses, ({ what, problem, advice }) => JSON.stringify([what, problem, advice]))
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return []
    const others = more.length === 1 ? ' and 1 other place' : ` and ${more.length} other places`
    return [renderLoss(more.length === 0 ? first : { ...first, place: `${first.place}${others}` })]
  })
}

/** A finding in the form of the summary and of the comments in files. */
export function renderNote(finding: Finding): string {
  return renderFinding(finding, ': ')
}
