import type { Test } from 'tap'
import { answered } from '../cluster/session.ts'
import { poll } from '../poll.ts'
import type { Event } from './play.ts'
import { none, noneInTime, stored } from './series.ts'
import type { Stage } from './stage.ts'

/** What a machine with too much to do may cause at any time. */
const ANYTIME = ['TicksSkipped']
/** Seconds after a fault in which an alert may begin to fire: the longest `for` and the longest window of a rule, compressed. */
const AFTER = 70
/** Seconds after a fault in which an alert that it must cause may still begin to fire. */
const LATE = 3
/** Seconds without a sample after which an alert fires again. */
const APART = 5
/** Milliseconds until all have to be resolved: the changes of an hour, compressed, and some more. */
const PATIENCE = 180_000

interface Fired {
  readonly alert: string
  readonly from: number
  readonly until: number
}

/** What the API answers: https://prometheus.io/docs/prometheus/latest/querying/api/#alerts */
interface Alerts {
  readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[]
}

/** Checks that alerts fired for the faults that have to cause them, and for no other, and that all are over in the end. */
export async function checkAlerts(t: Test, stage: Stage, events: readonly Event[]): Promise<void> {
  const over = async () => {
    const { alerts } = await stage.prometheus.get<Alerts>('alerts')
    const firing = alerts.filter(({ state }) => state === 'firing')
    return [
      ...firing.map(({ labels }) => `${labels.alertname} fires`),
      ...stage.alertmanager.firing.map((name) => `${name} was not resolved`),
    ]
  }
  let left: string[] = []
  await answered(
    poll(
      async () => {
        left = await over()
        return left
      },
      ({ length }) => length === 0,
    ),
    PATIENCE,
  ).catch(() => {})
  none(t, left, 'each alert is resolved in the end, and so it was told')

  // Nobody wrote down meanwhile what fired.
  const blind = events.filter(({ fault: { blinds } }) => blinds)
  const fired = await history(stage, blind)
  for (const { alert, from, until } of fired) t.comment(`${alert} fired from ${time(from)} to ${time(until)}`)
  const excess = fired.filter(
    ({ alert, from }) =>
      !ANYTIME.includes(alert) &&
      !events.some(
        ({ fault: { must = [], may = [] }, ...event }) =>
          [...must, ...may].includes(alert) && event.from <= from && from <= event.until + AFTER,
      ),
  )
  noneInTime(
    t,
    stage,
    excess.map(({ alert, from }) => `${alert} at ${time(from)}`),
    'no alert fired that no fault explains',
  )
  // An alert waits again from when Prometheus has a series again.
  const unseen = events.filter(
    ({ fault, unanswered }) => fault.blinds || unanswered.length === stage.replicas.length,
  )
  const watched = events.filter((event) => {
    const others = unseen.filter((other) => other !== event)
    return !during(others, event.from, event.until)
  })
  const missing = watched.flatMap(({ fault: { name, must = [] }, from, healed }) =>
    must
      .filter(
        (alert) =>
          !fired.some((one) => one.alert === alert && one.from <= healed + LATE && one.until >= from),
      )
      .map((alert) => `${alert} of "${name}", from ${time(from)}`),
  )
  noneInTime(t, stage, missing, 'each alert that had to fire did')
  const told = new Set(stage.alertmanager.notified.map(({ labels }) => labels.alertname))
  const needed = watched.flatMap(({ fault: { must = [] } }) => must).filter((alert) => !told.has(alert))
  noneInTime(t, stage, needed, 'and Alertmanager told of each')
}

const time = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 19)

/** Whether one of these events was between two moments. */
function during(events: readonly Event[], from: number, until: number): boolean {
  return events.some((event) => event.from <= until && from <= event.until)
}

/** Whether what is between two moments is in one of these events, as exactly as an alert is evaluated. */
function within(events: readonly Event[], from: number, until: number): boolean {
  return events.some((event) => event.from - APART <= from && until <= event.until + APART)
}

/** When each alert fired, in order. What is missing during one of these events went on. */
async function history({ prometheus }: Stage, blind: readonly Event[]): Promise<Fired[]> {
  const all: Fired[] = []
  for (const { metric, samples } of await stored(prometheus, 'ALERTS{alertstate="firing"}')) {
    const ends = samples.flatMap(([at], i) => {
      const next = samples[i + 1]?.[0]
      const watched = next !== undefined && next - at > APART && !within(blind, at, next)
      return next === undefined || watched ? [i] : []
    })
    let begin = 0
    for (const end of ends) {
      all.push({
        alert: metric.alertname ?? '',
        from: samples[begin]?.[0] ?? 0,
        until: samples[end]?.[0] ?? 0,
      })
      begin = end + 1
    }
  }
  return all.sort((one, other) => one.from - other.from)
}
