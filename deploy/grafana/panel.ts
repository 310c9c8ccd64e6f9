import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import type * as cog from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'

/** The data source that the dashboard's variable chooses. */
export const datasource = { type: 'prometheus', uid: '$datasource' }

/** PromQL by the legend of its series, in which `{{label}}` is the value of a label. */
type Queries = Readonly<Record<string, string>>

export interface About {
  readonly title: string
  /** What is seen and what to make of it, for a reader who points at the panel's corner. */
  readonly description: string
  /** Of `@grafana/grafana-foundation-sdk/units`. */
  readonly unit: string
  readonly queries: Queries
  /** Columns, of 24. */
  readonly width: number
  /** Colours from these values up, in order; the first is from the least. */
  readonly colours?: readonly [Colour, ...(readonly [from: number, Colour])[]]
  readonly decimals?: number
  readonly max?: number
}

type Colour = 'green' | 'orange' | 'red' | 'blue' | 'text'

/** Numbers of now, with a line of how they came to be; `named` shows the legend in their place. */
export function numbers(about: About & { readonly named?: boolean }): cog.Builder<Panel> {
  const panel = new Stat()
    .height(4)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(about.colours === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .textMode(about.named ? BigValueTextMode.Name : BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  return dress(panel, about, (query) => query.range())
}

interface Lines extends About {
  /** Upon each other, where their sum means something. */
  readonly stack?: boolean
  /** The colours of lines with these legends; the others' follow from their names. */
  readonly lines?: Readonly<Record<string, Colour>>
}

/** Lines over time. */
export function graph(about: Lines): cog.Builder<Panel> {
  const panel = new TimeSeries()
    .height(8)
    .min(0)
    .lineWidth(1)
    .fillOpacity(about.stack ? 30 : 8)
    .gradientMode(GraphGradientMode.None)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max'])
        .sortBy('Last *')
        .sortDesc(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  for (const [legend, colour] of Object.entries(about.lines ?? {}))
    panel.overrideByName(legend, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }])
  if (about.stack) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  return dress(panel, about, (query) => query.range())
}

/** A bar for each series, as of now. */
export function bars(about: About): cog.Builder<Panel> {
  const panel = new BarGauge()
    .height(8)
    .min(0)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  return dress(panel, about, (query) => query.instant())
}

/** What all panels have. */
function dress<P extends Stat | TimeSeries | BarGauge>(
  panel: P,
  { title, description, unit, queries, width, colours = ['blue'], decimals, max }: About,
  shape: (query: DataqueryBuilder) => DataqueryBuilder,
): P {
  const [first, ...rest] = colours
  const steps: Threshold[] = [
    { value: null, color: first },
    ...rest.map(([value, color]) => ({ value, color })),
  ]
  panel
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(width)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .targets(
      Object.entries(queries).map(([legend, expr], i) =>
        shape(new DataqueryBuilder().expr(expr).legendFormat(legend).refId(refId(i)).datasource(datasource)),
      ),
    )
  if (decimals !== undefined) panel.decimals(decimals)
  if (max !== undefined) panel.max(max)
  return panel
}

/** A, B, C and so on, as Grafana names the queries of a panel. */
export function refId(i: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + i)
}
