import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { bars, graph } from '../panel.ts'
import { job, one } from './expression.ts'

export const usage: Row = {
  title: 'Usage',
  panels: [
    graph({
      title: 'Active consumers and groups',
      description: 'Distinct ones with an operation in the last day, and in the last seven.',
      unit: unit.Short,
      queries: {
        'consumers, {{window}} {{database}}': one(`business_active_consumers{${job}}`),
        'groups, {{window}} {{database}}': one(`business_active_groups{${job}}`),
      },
      width: 8,
    }),
    bars({
      title: 'Operations by project',
      description: 'Created in the last hour: the ten projects that have most of them.',
      unit: unit.Short,
      queries: {
        '{{project}}': `topk(10, sum by (project) (${one(`business_project_operations_recent{${job}, window="1h"}`)}))`,
      },
      width: 8,
    }),
    bars({
      title: 'Destinations by type',
      description: 'Where customers have their data delivered.',
      unit: unit.Short,
      queries: { '{{type}}': `sort_desc(sum by (type) (${one(`business_destinations{${job}}`)}) > 0)` },
      width: 8,
    }),
  ],
}
