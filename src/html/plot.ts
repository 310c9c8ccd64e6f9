import type { PastRun } from '../round/run.ts'
import { formatSeconds } from '../time/age.ts'
import { type Html, html } from './html.ts'

/** The number of runs in a plot, and the width of each. The newest is on the right. */
const SLOTS = 60
const STEP = 2
const HEIGHT = 20

/** Plots the duration of each run as a bar, relative to the longest. A failed run is marked over the full height. */
export function plotRuns(runs: readonly PastRun[]): Html {
  const longest = Math.max(...runs.map(({ seconds }) => seconds), Number.MIN_VALUE)
  const failures = runs.filter(({ failed }) => failed).length
  const bars = runs.map(({ seconds, failed }, i) => {
    const height = Math.max((seconds / longest) * HEIGHT, 1)
    const x = xOf(i, runs.length)
    const mark = failed
      ? html`<rect class="failure" x="${x}" y="0" width="${STEP}" height="${HEIGHT}"/>`
      : undefined
    const size = `M${x + STEP / 4} ${HEIGHT}v-${height.toFixed(1)}h${STEP * 0.75}V${HEIGHT}z`
    return html`${mark}<path class="${failed ? 'failed' : 'run'}" d="${size}"/>`
  })
  const last = runs.length === 1 ? 'last run' : `last ${runs.length} runs`
  const label = `${last}: ${failures} failed, ${formatSeconds(longest)} at most`
  return runs.length === 0 ? html`` : plot(label, bars)
}

/** Plots the number of series after each run as a line. */
export function plotSeries(runs: readonly PastRun[]): Html {
  const counts = runs.map(({ series }) => series)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  const points = counts.map((series, i) => {
    // A number that never changes is a line in the middle.
    const share = most === least ? 0.5 : (series - least) / (most - least)
    return `${xOf(i, counts.length) + STEP / 2},${(HEIGHT - 2 - share * (HEIGHT - 4)).toFixed(1)}`
  })
  const label = `series over the last ${counts.length} runs: ${least} to ${most}`
  return counts.length < 2 ? html`` : plot(label, [html`<polyline points="${points.join(' ')}"/>`])
}

function xOf(i: number, length: number): number {
  return (SLOTS - length + i) * STEP
}

function plot(label: string, shapes: readonly Html[]): Html {
  const width = SLOTS * STEP
  const box = `0 0 ${width} ${HEIGHT}`
  const base = html`<path class="base" d="M0 ${HEIGHT}v-0.5h${width}v0.5z"/>`
  return html`<svg role="img" aria-label="${label}" viewBox="${box}" width="${width}" height="${HEIGHT}"
preserveAspectRatio="none">${base}${shapes}</svg>`
}
