import type { LoadAnswer, LoadQuestion } from './load.ts'
import type { Program } from './program.ts'
import type { Goal } from './row.ts'

/** Two servers, by their ports, that are scraped in the same way. */
export interface Contest {
  readonly what: string
  readonly kind: 'rate' | 'latency'
  readonly gzip: boolean
  readonly ours: number
  readonly against: number
  /** Whom `ours` and `against` are, where it does not go without saying. */
  readonly names: readonly [ours: string, against: string]
  readonly goal?: Goal
}

/** What was measured of one side, turn by turn. */
export type Score = Readonly<Record<Contest['kind'], readonly number[]>>

/** Connections that scrape at once where it is the rate that counts. */
export const CONNECTIONS = 8

/**
 * The scores of each contest. Both sides are scraped in turns, for a number of seconds each time, and so is one contest
 * after the other in each repetition: what else the machine does meets all of them.
 */
export async function contend(
  load: Program<LoadQuestion>,
  contests: readonly Contest[],
  seconds: number,
  repetitions: number,
): Promise<(readonly [ours: Score, against: Score])[]> {
  const answers = contests.map((): [LoadAnswer[], LoadAnswer[]] => [[], []])
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    for (const [i, { kind, gzip, ours, against }] of contests.entries()) {
      const connections = kind === 'rate' ? CONNECTIONS : 1
      for (const [side, port] of [ours, against].entries()) {
        const answer = await load.ask<LoadAnswer>({ port, gzip, connections, seconds })
        // The first repetition is for the compilers of both sides.
        if (repetition > 0) answers[i]?.[side]?.push(answer)
      }
    }
  }
  return answers.map(([ours, against]) => [scoreOf(ours), scoreOf(against)] as const)
}

function scoreOf(answers: readonly LoadAnswer[]): Score {
  return { rate: answers.map(({ rate }) => rate), latency: answers.map(({ latency }) => latency) }
}
