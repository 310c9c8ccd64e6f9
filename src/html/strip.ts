import { type Cell, LEVELS, type Level, SPANS } from '../round/history.ts'
import { formatSeconds } from '../time/age.ts'
import { type Html, html } from './html.ts'

/** The height of a strip in its own units; a span is one unit wide. */
const HEIGHT = 10
/** Seconds that are the lowest bar. */
const LEAST = 0.001

/** A rectangle: its top and its height. */
type Part = readonly [y: number, height: number]

/** Draws the last hour: a bar for each span, as high as its longest run took of the limit, in milliseconds. */
export function strip(cells: readonly Cell[], limit: number): Html {
  const paths = LEVELS.filter((level) => level !== 'none').map((level) => {
    const d = outline(cells, level, limit / 1000)
    return d === '' ? undefined : html`<path class="h-${level}" d="${d}"/>`
  })
  return html`<svg class="strip" role="img" aria-label="${labelOf(cells)}" viewBox="0 0 ${SPANS} ${HEIGHT}"
preserveAspectRatio="none"><path class="base" d="M0 ${HEIGHT}v-.6h${SPANS}v.6z"/>${paths}</svg>`
}

/** Explains the bars of strips. */
export function legend(span: string): Html {
  const words: Readonly<Record<Exclude<Level, 'none'>, string>> = {
    ok: 'ok',
    slow: 'slow for it',
    rejected: 'rejected rows',
    skipped: 'tick skipped',
    failed: 'failed',
  }
  const items = Object.entries(words).map(([level, word]) => {
    const cell = LEVELS.find((known) => known === level) ?? 'none'
    const d = outline([{ level: cell, seconds: 0.05 }], cell, 1)
    const key = html`<svg aria-hidden="true" viewBox="0 0 1 ${HEIGHT}" preserveAspectRatio="none"><path class="h-${level}" d="${d}"/></svg>`
    return html`<li>${key}${word}</li>`
  })
  return html`<ul class="legend">${items}<li>${span} a bar, as high as it took of its limit</li></ul>`
}

function outline(cells: readonly Cell[], level: Level, limit: number): string {
  let d = ''
  for (let from = 0; from < cells.length; ) {
    const cell = cells[from]
    const parts = cell?.level === level ? partsOf(cell, limit) : []
    let to = from + 1
    // Spans that look the same are one piece.
    while (to < cells.length && cells[to]?.level === level && isSame(partsOf(cells[to], limit), parts)) to++
    if (parts.length === 0) to = from + 1
    for (const [y, height] of parts) d += `M${from} ${y}h${to - from}v${height}h-${to - from}`
    from = to
  }
  return d
}

/** The shape of a span: each level has one of its own, so that it can be told without its colour. */
function partsOf(cell: Cell | undefined, limit: number): readonly Part[] {
  if (cell === undefined) return []
  const share = Math.log(Math.max(cell.seconds, LEAST) / LEAST) / Math.log(Math.max(limit, 1) / LEAST)
  const height = Math.min(2 + Math.round(6 * share), 8)
  switch (cell.level) {
    case 'none':
      return []
    case 'ok':
      return [[HEIGHT - height, height]]
    case 'slow':
      return [[1, HEIGHT - 1]]
    case 'rejected':
      return [
        [0, 3],
        [5, 5],
      ]
    case 'skipped':
      return [[0, 4]]
    case 'failed':
      return [[0, HEIGHT]]
  }
}

function isSame(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every(([y, height], i) => y === b[i]?.[0] && height === b[i]?.[1])
}

function labelOf(cells: readonly Cell[]): string {
  const counts = LEVELS.filter((level) => level !== 'none').flatMap((level) => {
    const number = cells.filter((cell) => cell.level === level).length
    return number === 0 ? [] : `${number} ${level}`
  })
  const longest = Math.max(...cells.map(({ seconds }) => seconds))
  return counts.length === 0 ? 'no run yet' : `${counts.join(', ')}; ${formatSeconds(longest)} at most`
}
