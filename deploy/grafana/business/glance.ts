import * as unit from '@grafana/grafana-foundation-sdk/units'
import type { Row } from '../board.ts'
import { numbers } from '../panel.ts'
import { job, one } from './expression.ts'

/** The colours of a share that ought to be near all. */
const healthy = ['red', [0.8, 'orange'], [0.95, 'green']] as const

export const glance: Row = {
  title: 'At a glance',
  panels: [
    numbers({
      title: 'Live installations',
      description: 'Installations that are not deleted, of all projects and providers.',
      unit: unit.Short,
      queries: { '{{job}} {{database}}': `job:business_installations_active:sum{${job}}` },
      width: 4,
    }),
    numbers({
      title: 'Growth in a day',
      description: 'Installations created less those deleted, in the last 24 hours; below zero they dwindle.',
      unit: unit.Short,
      queries: { '{{job}} {{database}}': `job:business_installations_growth:increase1d{${job}}` },
      width: 4,
      decimals: 0,
      colours: ['red', [0, 'green']],
    }),
    numbers({
      title: 'Connections that work',
      description: 'The share of connections with status working.',
      unit: unit.PercentUnit,
      queries: { '{{job}} {{database}}': `job:business_connections_working_per_connection:ratio{${job}}` },
      width: 4,
      decimals: 1,
      colours: healthy,
    }),
    numbers({
      title: 'Operations that succeed',
      description: 'The share of successes among the operations that finished in the last 15 minutes.',
      unit: unit.PercentUnit,
      queries: {
        '{{job}} {{database}}': `job:business_operations_successes_per_completed:ratio_rate15m{${job}}`,
      },
      width: 4,
      decimals: 1,
      colours: healthy,
    }),
    numbers({
      title: 'Operations stuck',
      description: 'In progress for over 6 hours, or 49 for writes: they are unlikely to end by themselves.',
      unit: unit.Short,
      queries: { 'stuck {{database}}': `sum by (database) (${one(`business_operations_stuck{${job}}`)})` },
      width: 4,
      colours: ['green', [1, 'orange'], [20, 'red']],
    }),
    numbers({
      title: 'Installations without success',
      description: 'Live for a day or more, and no operation of theirs succeeded in the last 24 hours.',
      unit: unit.Short,
      queries: {
        'installations {{database}}': `sum by (database) (${one(`business_installations_without_recent_success{${job}}`)})`,
      },
      width: 4,
    }),
  ],
}
