import type { Blow, Fault } from './fault.ts'
import type { Stage } from './stage.ts'

/** What those who watch may take for a fault of what they watch, once they are back. */
const BACK = ['MetricsServiceDown', 'MetricsServiceInstanceDown', 'NoLeader', 'SeveralLeaders']

/** A blow to Prometheus, which has the answer of no replica meanwhile. It is over when both are scraped and one leads. */
function blind(stage: Stage, heal: () => unknown): Blow {
  return {
    whom: 'Prometheus',
    unanswered: stage.replicas,
    async heal() {
      await heal()
      await stage.has('sum(up) == 2')
      await stage.leader()
    },
  }
}

export const WATCH_FAULTS: readonly Fault[] = [
  {
    name: 'Prometheus is killed, and starts again',
    lane: 'one at a time',
    lasts: 3,
    heals: 6,
    may: BACK,
    blinds: true,
    async befall(stage) {
      await stage.prometheus.kill()
      return blind(stage, () => stage.prometheus.start())
    },
  },
  {
    name: 'Prometheus is frozen',
    lane: 'one at a time',
    lasts: 8,
    heals: 4,
    may: BACK,
    blinds: true,
    async befall(stage) {
      stage.prometheus.signal('SIGSTOP')
      return blind(stage, () => stage.prometheus.signal('SIGCONT'))
    },
  },
  {
    name: 'Prometheus is cut off from both replicas',
    lane: 'one at a time',
    lasts: 22,
    heals: 4,
    must: ['MetricsServiceDown'],
    may: BACK,
    async befall(stage) {
      const gates = stage.replicas.map(({ web }) => web)
      for (const gate of gates) gate.break('stall', 'now')
      return blind(stage, () => {
        for (const gate of gates) gate.repair()
      })
    },
  },
  {
    name: 'Alertmanager is killed, and starts again',
    lane: 'one at a time',
    lasts: 3,
    heals: 3,
    async befall({ alertmanager }) {
      await alertmanager.kill()
      return { whom: 'Alertmanager', heal: () => alertmanager.start() }
    },
  },
  {
    name: 'Alertmanager is frozen',
    lane: 'one at a time',
    lasts: 8,
    heals: 3,
    async befall({ alertmanager }) {
      alertmanager.signal('SIGSTOP')
      return { whom: 'Alertmanager', heal: async () => alertmanager.signal('SIGCONT') }
    },
  },
]
