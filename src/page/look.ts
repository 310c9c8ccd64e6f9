import type { Subjects } from './family.ts'

/** The states of subjects at a moment, and which of them are another than at the look before. */
export interface Look {
  readonly states: readonly object[]
  /** Whether none from one place to another, which is not included, has changed. */
  isSame(from: number, to: number): boolean
}

/** Looks at the state of each subject once, as of `now`, for all the families that have samples of it. */
export function lookAt<Subject>(subjects: Subjects<Subject>, now: number, last: Look | undefined): Look {
  const { items } = subjects
  if (subjects.state === undefined) return { states: [], isSame: () => false }
  const states: object[] = []
  /** How many have changed before each place. */
  const changes = new Uint32Array(items.length + 1)
  for (const [place, subject] of items.entries()) {
    const state = subjects.state(subject, now)
    states.push(state)
    changes[place + 1] = (changes[place] ?? 0) + (state === last?.states[place] ? 0 : 1)
  }
  return { states, isSame: (from, to) => changes[from] === changes[to] }
}
