import { board, choice } from './board.ts'
import { collectors } from './service/collectors.ts'
import { glance } from './service/glance.ts'
import { process } from './service/process.ts'
import { rounds } from './service/rounds.ts'

/** The service itself: is it healthy, what is slow, what is stale. */
export const service = board({
  uid: 'metrics-service',
  title: 'Metrics service: the service',
  description: 'What the service says of itself: collectors, rounds, the database and the process.',
  choices: [
    choice('instance', 'Instance', 'metrics_service_build_info{job=~"$job"}'),
    choice('database', 'Database', 'database_up{job=~"$job"}'),
  ],
  rows: [glance, collectors, rounds, process],
})
