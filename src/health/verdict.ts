// Health: whether all is well, and if not, why and what to do. Imports stages before it and the Database only.
import type { Database } from '../database.ts'
import type { Reloads } from '../round/reload.ts'
import { formatClock } from '../time/age.ts'
import { collectorProblems } from './collector-problems.ts'
import { databaseProblems, leads, standingBy } from './database-problems.ts'
import { type Circumstances, count, type Problem, type Severity } from './problem.ts'

/** The worst of all problems; without one `ok`, or `standby` when other replicas lead all databases. */
export type Level = Severity | 'ok' | 'standby'

export interface Verdict {
  readonly level: Level
  /** In a few words. */
  readonly headline: string
  /** What is wrong, the worst first. */
  readonly problems: readonly Problem[]
}

/** The state of the service that a verdict is about. */
export interface Service {
  readonly databases: readonly Database[]
  readonly reloads: Reloads | undefined
  /** Since when collection is paused, in milliseconds since 1970. */
  readonly paused: number | undefined
}

const WORST: readonly Severity[] = ['bad', 'warn', 'wait']

/** Says how the service is. `ok` means that nothing is wrong at all. */
export function verdictOf({ databases, reloads, paused }: Service, given: Circumstances): Verdict {
  const led = databases.filter((database) => database.db.quorate && leads(database, given.now))
  const found = [
    ...pause(paused, given),
    ...empty(databases, reloads),
    ...wrongFiles(reloads),
    ...databases.flatMap((database) => databaseProblems(database, given)),
    ...collectorProblems(led, given),
  ]
  const problems = found.toSorted((a, b) => WORST.indexOf(a.severity) - WORST.indexOf(b.severity))
  const [worst] = problems
  if (worst !== undefined) {
    const real = problems.filter(({ severity }) => severity !== 'wait').length
    return { level: worst.severity, headline: real === 0 ? worst.what : count(real, 'problem'), problems }
  }
  if (led.length === 0) {
    return { level: 'standby', headline: `Standing by: ${databases.map(standingBy).join('; ')}`, problems }
  }
  const collectors = led.reduce((sum, { collectors }) => sum + collectors.list.length, 0)
  const by = led.length < databases.length ? `, standing by for ${databases.length - led.length}` : ''
  const on = databases.length === 1 ? '' : ` on ${count(led.length, 'database')}${by}`
  return { level: 'ok', headline: `Healthy: ${count(collectors, 'collector')}${on}`, problems }
}

function pause(paused: number | undefined, { date }: Circumstances): Problem[] {
  if (paused === undefined) return []
  return [
    {
      severity: 'warn',
      what: `Collection is paused since ${formatClock(paused, date)}`,
      effect: 'Nothing asks the databases; values stay and grow old',
      action: 'press Resume',
    },
  ]
}

function empty(databases: readonly Database[], reloads: Reloads | undefined): Problem[] {
  if (databases.some(({ collectors }) => collectors.list.length > 0)) return []
  return [
    {
      severity: 'bad',
      what: 'No collector is loaded',
      why: reloads && `the folder is ${reloads.folder}`,
      action: 'add a file to it, or check COLLECTORS_FOLDER and COLLECTORS',
    },
  ]
}

function wrongFiles(reloads: Reloads | undefined): Problem[] {
  if (reloads === undefined || reloads.last.success) return []
  const { problems } = reloads.last
  return [
    {
      severity: 'bad',
      what: `${count(problems.length, 'problem')} in the files of collectors`,
      why: problems.join('; '),
      effect: 'Where there was a version before, it goes on',
      action: 'correct the file: it is read again when it changes',
    },
  ]
}
