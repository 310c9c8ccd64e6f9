import t, { type Test } from 'tap'
import { lacks } from '../program.ts'
import { checkAlerts } from './alerts.ts'
import { checkCounters } from './counters.ts'
import { checkGauges } from './gauges.ts'
import { Holdings } from './holdings.ts'
import { optionsOf } from './options.ts'
import { type Event, play } from './play.ts'
import { scheduleOf } from './schedule.ts'
import { checkGaps, checkScrapes } from './scrapes.ts'
import { Stage } from './stage.ts'
import { SERIES, Traffic } from './traffic.ts'

/**
 * All of it at once: a cluster of Patroni, two replicas of the service, Prometheus and Alertmanager with the shipped
 * files, live traffic, and faults that a seed chooses. What was on the pages is compared with what was in the tables.
 */

/** Milliseconds for all to start, and to be calm again. */
const AROUND = 480_000
/** Milliseconds for the process to end by itself. */
const LINGER = 5000

const given = process.argv.slice(2)
const { seed, minutes, faults } = optionsOf(given)

const PROGRAMS = [
  ['patroni', 'patroni'],
  ['etcd', 'etcd-server'],
  ['haproxy', 'haproxy'],
  ['pg_ctlcluster', 'postgresql'],
  ['prometheus', 'prometheus'],
  ['prometheus-alertmanager', 'prometheus-alertmanager'],
  ['openssl', 'openssl'],
] as const

async function rehearse(t: Test): Promise<void> {
  const stage = await Stage.start(t)
  const holdings = new Holdings(t, stage)
  const traffic = new Traffic(t, stage.cluster)
  // A series begins with a 0 for the first who asks, and here others than Prometheus ask, too.
  await stage.has(`count(business_rows_total) == ${SERIES}`)
  const events: Event[] = []
  const lanes = [...scheduleOf(seed, minutes * 60, faults).values()]
  const began = Date.now() / 1000
  t.comment(`all is well at ${new Date(began * 1000).toISOString()}`)
  const ends = await Promise.allSettled(
    lanes.map((steps) =>
      play(stage, steps, (event) => {
        events.push(event)
        const seconds = (moment: number) => (moment - began).toFixed(0)
        const { fault, whom, from, healed, until } = event
        t.comment(
          `${seconds(from)} s: ${fault.name} (${whom}), ended at ${seconds(healed)} s, all well at ${seconds(until)} s`,
        )
      }),
    ),
  )
  for (const end of ends)
    if (end.status === 'rejected') t.fail(String(end.reason), { cause: end.reason.cause })
  await traffic.end()
  const mark = (what: string) => t.comment(`${new Date().toISOString().slice(11, 19)} ${what}`)
  mark('counters')
  await checkCounters(t, stage)
  mark('alerts')
  await checkAlerts(t, stage, events)
  await checkGauges(t, stage, traffic.versions, events)
  await checkScrapes(t, stage, events)
  await checkGaps(t, stage, events)
  await holdings.end(t)
  if (!t.passing()) for (const line of logOf(stage)) t.comment(line)
}

/** What the replicas said that is more than information. */
function logOf({ replicas }: Stage): string[] {
  return replicas.flatMap(({ name, processes }) =>
    processes.flatMap(({ output }) =>
      output()
        .split('\n')
        .filter((line) => line !== '' && !line.includes('"level":"info"'))
        .map((line) => `${name}: ${line}`),
    ),
  )
}

const missing = PROGRAMS.map(([program, debianPackage]) => lacks(program, debianPackage)).filter(
  (one) => one !== false,
)
for (const one of missing) t.fail(one)
if (missing.length === 0) {
  const again = [
    'npm run rehearsal --',
    ...given,
    ...(given.includes('--seed') ? [] : ['--seed', seed]),
  ].join(' ')
  t.comment(again)
  t.setTimeout(minutes * 60_000 + AROUND)
  process.on('exit', (code) => {
    if (code !== 0) process.stdout.write(`# again: ${again}\n`)
  })
  await t.test(`all at once, with seed ${seed}`, rehearse)
  t.end()
  // What waited in vain for all to be well after a fault waits on.
  setTimeout(() => process.exit(), LINGER).unref()
}
