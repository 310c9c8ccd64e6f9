import { type Collector, OTHER } from '../contract/collector.ts'
import { itemAt, keyOf, seriesOfMetric } from '../rows/label-set.ts'

/** Where an open label is among a collector's labels, and how many of its values have series of their own. */
export interface OpenLabel {
  readonly index: number
  readonly limit: number
}

export function openLabels({ labels }: Collector): readonly OpenLabel[] {
  return labels.flatMap(({ values, limit }, index) => (values === undefined ? [{ index, limit }] : []))
}

/**
 * Returns the function that names the group of a label set: all label sets with the same values of the open labels are
 * one group. The group with "other" in all of them is named "other".
 */
export function grouping(collector: Collector): (labels: readonly string[]) => string {
  const open = openLabels(collector)
  return (labels) => {
    const texts = open.map(({ index }) => itemAt(labels, index))
    return texts.every((text) => text === OTHER) ? OTHER : keyOf(texts)
  }
}

/** How many series a group makes on the page once the closed labels are filled with zeros. */
export function seriesOfGroup({ labels, metrics }: Collector): number {
  const sets = labels.reduce((product, { values }) => product * (values === undefined ? 1 : values.length), 1)
  return metrics.reduce((sum, metric) => sum + sets * seriesOfMetric(metric), 0)
}

/** How many groups a budget of series has room for: one at least. */
export function roomFor(collector: Collector, budget: number): number {
  return Math.max(Math.floor(budget / seriesOfGroup(collector)), 1)
}
