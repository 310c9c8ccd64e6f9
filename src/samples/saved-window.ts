import type { Collector } from '../contract/collector.ts'
import { keyOf } from '../rows/label-set.ts'
import { formatMoment, parseMoment } from '../time/moment.ts'
import { isExact } from './decimal.ts'
import type { Zero } from './step.ts'
import type { Total } from './total.ts'
import type { Running, WindowState } from './window.ts'

/** They identify a saved state, and this version of its form. */
const FORMAT = 'metrics-service-state'
export const VERSION = 1

/** The state of one collector as it is saved: [labels, totals, shown] for each label set. */
export interface SavedWindow {
  /** The labels and metrics that the totals are for: a collector with others starts from 0. */
  readonly shape: string
  readonly since: string
  readonly sealedTo: string
  /** The database that was counted; absent in states of earlier versions, and where it cannot be told from others. */
  readonly source?: string
  /** The time of the snapshot by the database's clock as far as that is believed, and when this was written by our own; absent in earlier versions. */
  readonly time?: string
  readonly written?: string
  /** Set by a leader that has stopped: nothing more was ever shown. */
  readonly left?: true
  readonly running: readonly (readonly [readonly string[], readonly Total[], readonly Total[]])[]
}

/** The states of collectors, by name. */
export type SavedWindows = Readonly<Record<string, SavedWindow>>

export function encodeState(windows: SavedWindows): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, windows })}\n`
}

/** Reads the text of a saved state. Throws an Error that says what is wrong when it is not a whole one of this version. */
export function decodeState(text: string): SavedWindows {
  const state = parse(text)
  if (!isObject(state) || state.format !== FORMAT) throw new Error('it is not a state of this service')
  if (state.version !== VERSION) {
    throw new Error(`it is of version ${JSON.stringify(state.version)}, and this is version ${VERSION}`)
  }
  if (!areSavedWindows(state.windows)) {
    throw new Error('its windows are not of the form that this version writes')
  }
  return state.windows
}

/** Writes the state of one collector, which `decodeWindow` reads. */
export function encodeWindow(window: SavedWindow): string {
  return JSON.stringify(window)
}

/** Reads the state of one collector. Throws an Error that says what is wrong. */
export function decodeWindow(text: string): SavedWindow {
  const window = parse(text)
  if (!isSavedWindow(window)) throw new Error('it is not of the form that this version writes')
  return window
}

/** Whether two states of a collector show the same values, and began at the same moment. */
export function isShownSame(a: SavedWindow, b: SavedWindow): boolean {
  if (
    a.shape !== b.shape ||
    a.since !== b.since ||
    a.left !== b.left ||
    a.running.length !== b.running.length
  )
    return false
  return a.running.every(([labels, , shown], i) => {
    const [otherLabels = [], , otherShown = []] = b.running[i] ?? []
    return (
      labels.every((label, j) => label === otherLabels[j]) &&
      shown.every((total, j) => String(total) === String(otherShown[j]))
    )
  })
}

/** `written` is in milliseconds since 1970. */
export function saveWindow(
  collector: Collector,
  { since, sealedTo, source, time, running }: WindowState,
  written: number,
): SavedWindow {
  return {
    shape: shapeOf(collector),
    since: formatMoment(since),
    sealedTo: formatMoment(sealedTo),
    ...(source === undefined ? {} : { source }),
    time: formatMoment(time),
    written: new Date(written).toISOString(),
    running: Array.from(running.values(), ({ labels, totals, shown }) => [labels, totals, shown] as const),
  }
}

/**
 * Restores a saved state; undefined when the labels, metrics or buckets of the collector are others now. `zero` makes it
 * show what was saved until a scrape has had that.
 */
export function restoreWindow(
  collector: Collector,
  saved: SavedWindow,
  zero?: Zero,
): WindowState | undefined {
  const fits = saved.running.every(([labels, totals, shown]) => {
    return (
      labels.length === collector.labels.length && areTotals(collector, totals) && areTotals(collector, shown)
    )
  })
  if (saved.shape !== shapeOf(collector) || !fits) return undefined
  const running = saved.running.map(([labels, totals, shown]): [string, Running] => [
    keyOf(labels),
    { labels, totals, shown, zero },
  ])
  return {
    since: parseMoment(saved.since),
    sealedTo: parseMoment(saved.sealedTo),
    source: saved.source,
    time: parseMoment(saved.time ?? saved.sealedTo),
    running: new Map(running),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error('it is not whole, or not JSON', { cause })
  }
}

/** The labels and metrics of a collector as one text: totals are only for collectors with the same. */
export function shapeOf({ labels, metrics }: Collector): string {
  const closed = labels.map(({ name, values }) => [name, values ?? null])
  return JSON.stringify([closed, metrics.map(({ name, type, buckets }) => [name, type, buckets])])
}

/** Whether there is a total for each metric, and for each part of a histogram. */
function areTotals({ metrics }: Collector, totals: readonly Total[]): boolean {
  return (
    totals.length === metrics.length &&
    metrics.every(({ type, buckets }, i) => {
      const total = totals[i]
      return type === 'histogram'
        ? typeof total === 'object' && total.length === buckets.length + 2
        : typeof total !== 'object'
    })
  )
}

function areSavedWindows(value: unknown): value is SavedWindows {
  return isObject(value) && Object.values(value).every(isSavedWindow)
}

function isSavedWindow(value: unknown): value is SavedWindow {
  return (
    isObject(value) &&
    typeof value.shape === 'string' &&
    isMoment(value.since) &&
    isMoment(value.sealedTo) &&
    (value.source === undefined || typeof value.source === 'string') &&
    (value.time === undefined || isMoment(value.time)) &&
    (value.written === undefined || isTime(value.written)) &&
    Array.isArray(value.running) &&
    value.running.every(isRunning)
  )
}

function isRunning(value: unknown): boolean {
  const [labels, totals, shown] = Array.isArray(value) && value.length === 3 ? value : []
  const areTotals = (list: unknown) => Array.isArray(list) && list.every(isTotal)
  return (
    Array.isArray(labels) &&
    labels.every((label) => typeof label === 'string') &&
    areTotals(totals) &&
    areTotals(shown)
  )
}

function isTotal(value: unknown): value is Total {
  return isExact(value) || (Array.isArray(value) && value.every(isExact))
}

function isMoment(value: unknown): boolean {
  try {
    return typeof value === 'string' && parseMoment(value) > 0n
  } catch {
    return false
  }
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
