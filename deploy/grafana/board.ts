import type * as cog from '@grafana/grafana-foundation-sdk/cog'
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { datasource } from './panel.ts'

/** What ties the dashboards together: each links to all that have it. */
const TAG = 'metrics-service'

export interface Row {
  readonly title: string
  readonly panels: readonly cog.Builder<Panel>[]
}

/** A dashboard, with a choice of the data source and of the job that Prometheus scrapes the service as besides its own. */
export function board({
  uid,
  title,
  description,
  choices,
  rows,
}: {
  uid: string
  title: string
  description: string
  choices: readonly QueryVariableBuilder[]
  rows: readonly Row[]
}): DashboardBuilder {
  const board = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .refresh('1m')
    .link(
      new DashboardLinkBuilder('Metrics service')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(choice('job', 'Job', 'metrics_service_build_info'))
    .annotation(
      new AnnotationQueryBuilder()
        .name('Restarts')
        .datasource(datasource)
        .enable(true)
        .iconColor('blue')
        .expr('1000 * process_start_time_seconds{job=~"$job"}')
        .useValueForTime(true)
        .titleFormat('Started')
        .textFormat('{{instance}}'),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Alerts')
        .datasource(datasource)
        .enable(true)
        .iconColor('red')
        .expr('ALERTS{job=~"$job", database=~"$database", alertstate="firing"}')
        .titleFormat('{{alertname}}')
        .textFormat('{{database}} {{collector}} {{instance}}')
        .tagKeys('severity'),
    )
  for (const variable of choices) board.withVariable(variable)
  for (const { title, panels } of rows) {
    board.withRow(new RowBuilder(title))
    for (const panel of panels) board.withPanel(panel)
  }
  return board
}

/** A choice of the values that this label has on the series of a metric: all of them, or some. */
export function choice(name: string, label: string, selector: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(`label_values(${selector}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all', selected: true })
}
