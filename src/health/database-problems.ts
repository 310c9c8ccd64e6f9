import type { Database } from '../database.ts'
import { describeLeader } from '../leader/lock.ts'
import type { PastTick } from '../tick/ticker.ts'
import { formatAge, formatSeconds } from '../time/age.ts'
import { formatDuration } from '../time/duration.ts'
import { formatMoment } from '../time/moment.ts'
import { type Circumstances, count, type Problem } from './problem.ts'
import { valuesOf } from './values.ts'

/** What an error has in it when nobody has answered; a server that refuses says something else. */
const UNANSWERED = /ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET|no answer|timed? ?out|closed/i
/** Ticks for which a skipped one is told. */
const RECENT = 20
/** Milliseconds that the clocks of the service and of the database may differ by. */
const SKEW = 10_000

/** Whether this replica collects a database. */
export function leads({ leader }: Database, now: number): boolean {
  return leader.trustedUntil > now
}

/** Returns what is wrong with a database as a whole; its collectors are not looked at where it is the cause. */
export function databaseProblems(database: Database, given: Circumstances): Problem[] {
  const { name, db, leader } = database
  if (!db.quorate) {
    const of = name === undefined ? '' : ` of ${name}`
    const why = db.endpoints.flatMap(({ error }) => (error === undefined ? [] : plain(error))).join('; ')
    return [
      {
        severity: 'bad',
        what: `Waiting for the database quorum${of}: ${db.votes} of ${db.required} votes`,
        why,
        effect: 'Nothing is collected until then',
        action: why === '' ? undefined : adviceFor(why),
      },
    ]
  }
  if (!leads(database, given.now)) {
    if (leader.hindrance === undefined && leader.leading !== undefined) return []
    const what = `No replica leads${name === undefined ? '' : ` ${name}`}`
    if (leader.hindrance === undefined) return [{ severity: 'wait', database: name, what: `${what} yet` }]
    const action = 'a primary that accepts writes must answer, and a pooler must keep sessions'
    return [
      {
        severity: 'bad',
        database: name,
        what,
        why: leader.hindrance,
        effect: 'No replica has values',
        action,
      },
    ]
  }
  const problems = [outage, skipped, unsaved, clocks, lag, endpoints].flatMap(
    (find) => find(database, given) ?? [],
  )
  return problems.map((problem) => ({ database: name, ...problem }))
}

/** Says which replica leads a database, as far as that is known. */
export function standingBy({ name, leader }: Database): string {
  const { leading } = leader
  const who = leading === undefined ? 'no replica leads yet' : describeLeader(leading)
  return name === undefined ? who : `${name}: ${who}`
}

function outage({ round, collectors }: Database, given: Circumstances): Problem | undefined {
  if (round.outage === undefined) return undefined
  const { since, reason } = round.outage
  const why = plain(reason)
  const what = UNANSWERED.test(reason) ? 'The database does not answer' : 'The database cannot be read'
  const effect = valuesOf(collectors.list, given)
  return { severity: 'bad', what, since, why, effect, action: adviceFor(reason) }
}

function skipped({ ticker, collectors }: Database): Problem | undefined {
  const recent = ticker.past.slice(-RECENT)
  const skipped = recent.filter(isSkipped)
  const [first] = skipped
  if (first === undefined) return undefined
  const slowest = collectors.list
    .filter((status) => status.last !== undefined)
    .reduce<(typeof collectors.list)[number] | undefined>(
      (slow, status) => ((slow?.last?.seconds ?? -1) < (status.last?.seconds ?? 0) ? status : slow),
      undefined,
    )
  const name = slowest?.collector.name
  const took =
    slowest === undefined
      ? ''
      : `: the slowest collector, ${name}, took ${formatSeconds(slowest.last?.seconds ?? 0)}`
  return {
    severity: 'warn',
    what: `${skipped.length} of the last ${count(recent.length, 'tick')} skipped`,
    since: first.at,
    why: `rounds take longer than the tick of ${formatDuration(ticker.length)}${took}`,
    action: `an index, an interval or a timeout for ${name ?? 'it'}, or a longer METRICS_TICK_DURATION`,
    ...(slowest === undefined ? {} : { collectors: [slowest] }),
  }
}

function isSkipped({ outcome }: PastTick): boolean {
  return outcome === 'skipped'
}

function unsaved({ state }: Database): Problem | undefined {
  if (state.trouble === undefined) return undefined
  const { since, variable, reason } = state.trouble
  return {
    severity: 'bad',
    what: 'Counters are not saved',
    since,
    why: `${variable}: ${reason}`,
    effect: 'After a restart, what was counted since then is missing',
    action:
      variable === 'STATE_FILE' ? 'make room, or correct the path and its owner' : 'let the role write there',
  }
}

function clocks({ round }: Database): Problem[] {
  if (round.clocks === undefined) return []
  const { ahead, jumped, waitUntil } = round.clocks
  const off = Math.abs(ahead)
  const problems: Problem[] = []
  if (off > SKEW) {
    problems.push({
      severity: 'warn',
      what: `The clock of the service is ${formatAge(off / 1000)} ${ahead > 0 ? 'behind' : 'ahead of'} that of the database`,
      effect: 'Ages, and alerts on them, are wrong by as much',
      action: 'set both by NTP',
    })
  }
  if (jumped) {
    const effect = 'Counters take nothing for final that our own clock does not vouch for'
    problems.push({
      severity: 'warn',
      what: 'The clock of the database has jumped',
      effect,
      action: 'set it by NTP',
    })
  }
  if (waitUntil !== undefined) {
    problems.push({
      severity: 'warn',
      what: 'The clock of the database is behind what is counted already',
      effect: `Counters wait until ${formatMoment(waitUntil).slice(0, 19)}Z`,
      action: 'set it by NTP',
    })
  }
  return problems
}

function lag({ db }: Database, { maxLag }: Circumstances): Problem | undefined {
  const role = db.endpoints.find(({ name }) => name === db.current)?.role
  if (role?.lag == null || !role.inRecovery || role.lag * 1000 <= maxLag) return undefined
  return {
    severity: 'warn',
    what: `The standby is ${formatAge(role.lag)} behind`,
    why: `${db.current} has more than ${formatDuration(maxLag)} (DATABASE_MAX_LAG), and no other endpoint is fit`,
    effect: 'Values are as old as that',
    action: 'look at its replication',
  }
}

function endpoints({ db, round }: Database): Problem | undefined {
  const down = db.endpoints.filter(({ up, error }) => !up && error !== undefined)
  if (round.outage !== undefined || down.length === 0) return undefined
  return {
    severity: 'warn',
    what: `${down.length} of ${count(db.endpoints.length, 'endpoint')} down`,
    why: down.flatMap(({ error }) => (error === undefined ? [] : plain(error))).join('; '),
    effect: `Values come from ${db.current ?? 'the others'}`,
    action: 'start it, or take it out of DATABASE_URL',
  }
}

/** An error of an endpoint without what it says twice. */
function plain(reason: string): string {
  return reason.replaceAll(/connect ECONNREFUSED [^\s;]+/g, 'connection refused')
}

function adviceFor(reason: string): string {
  if (/password|authentication|role "|no PostgreSQL user/i.test(reason))
    return 'check user, password and pg_hba.conf'
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return 'check the name of the host in DATABASE_URL, and DNS'
  if (/certificate/i.test(reason)) return 'check sslmode and sslrootcert, and the certificate of the server'
  return UNANSWERED.test(reason) ? 'check that it runs, and the network to it' : 'see what it says'
}
