// The state of the process and how late its event loop is. Imports src/ only.
import type { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Html, html } from '../../src/html/html.ts'
import { formatAge, formatSeconds } from '../../src/time/age.ts'

/** Sampling interval of the histogram of the event loop's delay, in milliseconds. */
export const RESOLUTION = 20

/** The histogram: nanoseconds from one sampling timer to the next. */
export type Delay = ReturnType<typeof monitorEventLoopDelay>

/** Renders the process's uptime, memory and event-loop delay. */
export function processOf(delay: Delay): Html {
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20)
  const loop =
    delay.count === 0
      ? 'event loop: not measured yet'
      : `event loop ${formatSeconds(late(delay.mean))} late, at most ${formatSeconds(late(delay.max))}`
  return html`<span>up ${formatAge(process.uptime())}</span>
<small>${megabytes} MB resident, Node.js ${process.version}</small> <small>${loop}</small>`
}

/** Returns how late a timer fired, in seconds. */
function late(nanoseconds: number): number {
  return Math.max(nanoseconds / 1e6 - RESOLUTION, 0) / 1000
}
