import type { PageAnswer, PageQuestion } from './databases/pages.ts'
import { median } from './median.ts'
import { Program, startOptions } from './program.ts'
import { compareTimes, type Findings, formatTime, type Say } from './row.ts'

/** Milliseconds. */
const GOALS = { unchanged: 10, round: 1, block: 20 }
/** Rounds that end between two scrapes: of 1,000 databases with a tick of a minute that are scraped four times in it. */
const FEW = 10
const MANY = 250
/** Scrapes for the compiler, and scrapes that are measured. */
const WARM = 60
const SCRAPES = 15

/** What a scrape costs a service of many databases with ten collectors each. */
export async function benchPages(say: Say): Promise<Findings> {
  say('Scraping the pages of many databases')
  const [unchanged, few] = await measure(300, [0, FEW], false)
  const [many] = await measure(1000, [MANY], true)
  if (unchanged === undefined || few === undefined || many === undefined)
    throw new Error('nothing was measured')
  const of300 = '300 databases with ten collectors'
  const idle = median(unchanged.map(({ scrape }) => scrape))
  const after = median(few.map(({ published, scrape }) => published + scrape))
  const longest = many.map(({ longest }) => longest)
  const most = { atMost: 1 }
  return {
    rows: [
      compareTimes(
        `Core time of a scrape, ${of300}, nothing has changed`,
        [unchanged.map(({ scrape }) => scrape), ''],
        [GOALS.unchanged, 'the goal'],
        most,
      ),
      compareTimes(
        `Core time of the page for each round that ended, ${of300}`,
        [(after - idle) / FEW, ''],
        [GOALS.round, 'the goal'],
        most,
      ),
      compareTimes(
        `Longest turn of the event loop in a scrape, 1,000 databases with ten collectors, of which ${MANY} had a round`,
        [longest, `at the median of ${SCRAPES}; the worst: ${formatTime(Math.max(...longest))}`],
        [GOALS.block, 'the goal'],
        most,
      ),
    ],
    notes: [],
  }
}

/** Scrapes a service of a number of databases after each number of rounds, in turns. */
async function measure(
  databases: number,
  rounds: readonly number[],
  turns: boolean,
): Promise<PageAnswer[][]> {
  const { flags, env } = await startOptions()
  const service = await Program.start<PageQuestion>('databases/pages.ts', {
    flags,
    env,
    args: [String(databases)],
  })
  try {
    // Every database has had a round.
    await service.ask<PageAnswer>({ rounds: databases, turns })
    const answers = rounds.map((): PageAnswer[] => [])
    for (let i = 0; i < WARM + SCRAPES; i++) {
      for (const [kind, number] of rounds.entries()) {
        const answer = await service.ask<PageAnswer>({ rounds: number, turns })
        if (i >= WARM) answers[kind]?.push(answer)
      }
    }
    return answers
  } finally {
    await service.stop()
  }
}
