import type * as cog from '@grafana/grafana-foundation-sdk/cog'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import * as unit from '@grafana/grafana-foundation-sdk/units'
import { datasource, refId } from '../panel.ts'

interface Column {
  readonly title: string
  readonly expr: string
  /** Which of several jobs' values is shown; the largest by default. */
  readonly least?: true
  readonly unit: string
  /** From this value on it is red; it is red at 0 when this is so. */
  readonly red: number | 'at 0'
}

/** A line for each collector of each database on each instance; `on` selects the series. */
export function collectorTable(on: string): cog.Builder<Panel> {
  const columns: Column[] = [
    {
      title: 'Succeeds',
      expr: `collector_success{${on}}`,
      least: true,
      unit: unit.BoolYesNo,
      red: 'at 0',
    },
    {
      title: 'Last success',
      expr: `time() - collector_last_success_timestamp_seconds{${on}}`,
      unit: unit.Seconds,
      red: 900,
    },
    { title: 'Duration', expr: `collector_duration_seconds{${on}}`, unit: unit.Seconds, red: 30 },
    { title: 'Series', expr: `collector_series{${on}}`, unit: unit.Short, red: 10_000 },
    { title: 'Backs off by ticks', expr: `collector_backoff_ticks{${on}}`, unit: unit.Short, red: 1 },
    {
      title: 'Errors in an hour',
      expr: `increase(collection_errors_total{${on}}[1h])`,
      unit: unit.Short,
      red: 1,
    },
  ]
  const table = new Table()
    .title('Collectors')
    .description(
      'What each collector did last, of each database on each instance. The limits in red are the defaults of the service.',
    )
    .datasource(datasource)
    .height(13)
    .span(24)
    .decimals(0)
    .filterable(true)
    .targets(
      columns.map(({ expr, least }, i) =>
        new DataqueryBuilder()
          // Without these the lines of different queries are the same line.
          .expr(`${least ? 'min' : 'max'} by (database, instance, collector) (${expr})`)
          .format(PromQueryFormat.Table)
          .instant()
          .refId(refId(i))
          .datasource(datasource),
      ),
    )
    .transformations([
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: { database: 0, collector: 1, instance: 2 },
          renameByName: {
            database: 'Database',
            collector: 'Collector',
            instance: 'Instance',
            ...Object.fromEntries(columns.map(({ title }, i) => [`Value #${refId(i)}`, title])),
          },
        },
      },
    ])
  for (const { title, unit, red } of columns) {
    const steps =
      red === 'at 0'
        ? [
            { color: 'red', value: null },
            { color: 'green', value: 1 },
          ]
        : [
            { color: 'text', value: null },
            { color: 'red', value: red },
          ]
    table.overrideByName(title, [
      { id: 'unit', value: unit },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
      { id: 'thresholds', value: { mode: 'absolute', steps } },
      ...(title === 'Duration' ? [{ id: 'decimals', value: 3 }] : []),
    ])
  }
  return table
}
