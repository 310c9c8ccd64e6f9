import { formatSeconds } from '../time/age.ts'
import { type Html, html } from './html.ts'

/** A function in a stack, with the time that it and what it called took. */
export interface Frame {
  readonly name: string
  /** Where it is, as `FILE:LINE`; empty for what is not in a file. */
  readonly place: string
  /** In seconds. */
  seconds: number
  /** The frames that it called, by what tells them apart. */
  readonly calls: Map<string, Frame>
}

/** The height of a row, and the smallest share of the width that is drawn. */
const ROW = 20
const LEAST = 0.002

interface Placed {
  readonly frame: Frame
  readonly id: number
  readonly depth: number
  /** Shares of the width. */
  readonly from: number
  readonly width: number
}

/** Draws stacks from the top down: the width of a frame is its share of the time. A frame links to itself as the whole. */
export function flame(root: Frame, focus: number): Html {
  const path = pathTo(root, focus)
  const whole = path.at(-1) ?? { frame: root, id: 0 }
  const above = path
    .slice(0, -1)
    .map(({ frame, id }, depth): Placed => ({ frame, id, depth, from: 0, width: 1 }))
  const placed = [...above, ...place(whole.frame, whole.id, above.length)]
  const height = ROW * (1 + Math.max(...placed.map(({ depth }) => depth)))
  return html`<svg class="flame" role="img" aria-label="Flame graph of ${formatSeconds(root.seconds)}" width="100%" height="${height}">${placed.map(
    (one) => box(one, root.seconds),
  )}</svg>`
}

/** How many frames a frame is and has below it: ids count them, each before those that it called. */
function size(frame: Frame): number {
  let sum = 1
  for (const called of frame.calls.values()) sum += size(called)
  return sum
}

/** The frames from the root to the one with an id. */
function pathTo(root: Frame, wanted: number): { frame: Frame; id: number }[] {
  const path = [{ frame: root, id: 0 }]
  for (let at = path[0]; at !== undefined && at.id < wanted; ) {
    let id = at.id + 1
    let next: typeof at | undefined
    for (const frame of sorted(at.frame)) {
      const end = id + size(frame)
      if (wanted >= id && wanted < end) next = { frame, id }
      id = end
    }
    if (next !== undefined) path.push(next)
    at = next
  }
  return path
}

function place(root: Frame, id: number, depth: number): Placed[] {
  const placed: Placed[] = []
  const add = (frame: Frame, id: number, depth: number, from: number, width: number): void => {
    if (width < LEAST) return
    placed.push({ frame, id, depth, from, width })
    let [next, left] = [id + 1, from]
    for (const called of sorted(frame)) {
      const share = (width * called.seconds) / Math.max(frame.seconds, Number.MIN_VALUE)
      add(called, next, depth + 1, left, share)
      next += size(called)
      left += share
    }
  }
  add(root, id, depth, 0, 1)
  return placed
}

/** What a frame called, that which took longest first. */
function sorted({ calls }: Frame): Frame[] {
  return [...calls.values()].sort((a, b) => b.seconds - a.seconds)
}

function box({ frame, id, depth, from, width }: Placed, total: number): Html {
  const { name, place, seconds } = frame
  const share = `${((100 * seconds) / Math.max(total, Number.MIN_VALUE)).toFixed(1)}%`
  const percent = (part: number) => `${(100 * part).toFixed(3)}%`
  const title = `${name}${place === '' ? '' : ` (${place})`}: ${formatSeconds(seconds)}, ${share}`
  const text = width < 0.02 ? undefined : html`<text x="4" y="14">${name}</text>`
  return html`<a href="?focus=${id}#graph"><svg x="${percent(from)}" y="${depth * ROW}" width="${percent(width)}" height="${ROW - 1}"><title>${title}</title>
<rect class="f-${kindOf(place)}" width="100%" height="100%"/>${text}</svg></a>`
}

/** Whose code a place is in. */
function kindOf(place: string): string {
  if (place === '' || place.startsWith('node:')) return 'node'
  return place.includes('node_modules') ? 'library' : 'own'
}
