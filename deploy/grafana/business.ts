import { board, choice } from './board.ts'
import { connections } from './business/connections.ts'
import { job } from './business/expression.ts'
import { glance } from './business/glance.ts'
import { operations } from './business/operations.ts'
import { usage } from './business/usage.ts'

/** The state of the business, from the total to the parts. */
export const business = board({
  uid: 'metrics-service-business',
  title: 'Metrics service: business',
  description:
    'Installations, connections and operations, as the database has them. Ratios and growth come from the recording rules.',
  choices: [
    choice('database', 'Database', 'database_up{job=~"$job"}'),
    choice('provider', 'Provider', `business_connections{${job}}`),
  ],
  rows: [glance, operations, connections, usage],
})
