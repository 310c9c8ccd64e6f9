/** What collector files import. It re-exports the contract, and has nothing of its own. */
export { type CollectorPlugin, defineCollector } from './contract/define.ts'
export type {
  Definition,
  Duration,
  Fragment,
  QueryContext,
  WindowContext,
  WindowOptions,
} from './contract/definition.ts'
export { type Label, type Labels, type OpenLabel, open, top } from './contract/label.ts'
export {
  counter,
  type Fold,
  gauge,
  histogram,
  type Metric,
  type Metrics,
  timestamp,
} from './contract/metric.ts'
