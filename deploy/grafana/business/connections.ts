import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { bars, graph } from '../panel.ts'
import { one, perDay, provided } from './expression.ts'

export const connections: Row = {
  title: 'Connections and installations',
  panels: [
    graph({
      title: 'Connections by status',
      description: 'Connections that are not deleted.',
      unit: unit.Short,
      queries: { '{{status}}': `sum by (status) (${one(`business_connections{${provided}}`)})` },
      width: 8,
      stack: true,
      lines: { working: 'green', created: 'blue', bad_credentials: 'red' },
    }),
    graph({
      title: 'Bad credentials by provider',
      description: 'Connections with bad credentials: the ten providers that have most of them.',
      unit: unit.Short,
      queries: {
        '{{provider}}': `topk(10, sum by (provider) (${one(`business_connections{${provided}, status="bad_credentials"}`)}))`,
      },
      width: 8,
    }),
    graph({
      title: 'Created and deleted',
      description: 'How many there were in the 24 hours before each moment.',
      unit: unit.Short,
      queries: {
        'connections created {{database}}': perDay('business_connections_created_total'),
        'connections deleted {{database}}': perDay('business_connections_deleted_total'),
        'installations created {{database}}': perDay('business_installations_created_total'),
        'installations deleted {{database}}': perDay('business_installations_deleted_total'),
      },
      width: 8,
    }),
    graph({
      title: 'Installations by health',
      description: 'Installations that are not deleted.',
      unit: unit.Short,
      queries: {
        '{{health_status}}': `sum by (health_status) (${one(`business_installations_active{${provided}}`)})`,
      },
      width: 8,
      stack: true,
      lines: { healthy: 'green', unhealthy: 'red' },
    }),
    bars({
      title: 'Installations by provider',
      description: 'Installations that are not deleted: the ten providers that have most of them.',
      unit: unit.Short,
      queries: {
        '{{provider}}': `topk(10, sum by (provider) (${one(`business_installations_active{${provided}}`)}))`,
      },
      width: 8,
    }),
    bars({
      title: 'Outdated installations by provider',
      description: "Not on their integration's latest revision: the ten providers that have most of them.",
      unit: unit.Short,
      queries: {
        '{{provider}}': `topk(10, sum by (provider) (${one(`business_installations_outdated{${provided}}`)}))`,
      },
      width: 8,
    }),
  ],
}
