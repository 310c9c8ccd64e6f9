import { readFileSync } from 'node:fs'
import type { Level } from '../health/verdict.ts'
import { type Content, type Html, html } from './html.ts'
import { iconUrl } from './icon.ts'

/** The style sheet of all pages. */
export const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8')

/** Renders a whole HTML page. `style` is the element that styles it, and `level` what its tab shows. */
export function document(title: Content, style: Html, body: Html, level: Level = 'standby'): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title id="title">${title}</title>
<link id="icon" rel="icon" href="${iconUrl(level)}" data-lost="${iconUrl('wait')}">
${style}
</head>
<body>
${body}
</body>
</html>
`
}
