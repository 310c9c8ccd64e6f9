import { type Finding, renderFinding } from '../src/finding.ts'
import type { Place } from './yaml.ts'

/** Something of a configuration that cannot be carried over: the finding says why, and what to do instead. */
export interface Loss extends Omit<Finding, 'place'> {
  readonly place: Place
  /** What it is in its file: `metric "orders"`. */
  readonly what: string
}

export function renderLoss({ place, what, ...finding }: Loss): string {
  return `${place}: ${what}: ${renderNote(finding)}`
}

/** A finding in the form of the summary and of the comments in files. */
export function renderNote(finding: Finding): string {
  return renderFinding(finding, ': ')
}
