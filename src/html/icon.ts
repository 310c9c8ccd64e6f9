import type { Level } from '../health/verdict.ts'
import { Html } from './html.ts'

/** What each level looks like: a colour, and a sign for those who do not see it. */
const SIGNS: Readonly<Record<Level, readonly [colour: string, sign: string]>> = {
  ok: ['#1a7f4b', '<path d="M9 16.5l5 5 9-11"/>'],
  warn: ['#b26a00', '<path d="M16 8v10M16 23v.5"/>'],
  bad: ['#c62828', '<path d="M10.5 10.5l11 11M21.500 10.5l-11 11"/>'],
  wait: ['#5b6b7f', '<path d="M10 16v.5M16 16v.5M22 16v.5"/>'],
  standby: ['#2563a8', '<path d="M12.500 10v12M19.500 10v12"/>'],
}

/** The sign of a level, for beside a text that says the same. */
export function icon(level: Level): Html {
  return new Html(svg(level, 'aria-hidden="true" class="icon"'))
}

/** The URL of the sign, for the tab of a browser. */
export function iconUrl(level: Level): string {
  return `data:image/svg+xml,${encodeURIComponent(svg(level, 'xmlns="http://www.w3.org/2000/svg"'))}`
}

function svg(level: Level, attributes: string): string {
  const [colour, sign] = SIGNS[level]
  const stroke = 'fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"'
  return `<svg ${attributes} viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="${colour}"/><g ${stroke}>${sign}</g></svg>`
}
