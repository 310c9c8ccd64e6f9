// The frame of each page of the debug listener. Imports src/ only.
import type { Level } from '../../src/health/verdict.ts'
import { type Content, type Html, html } from '../../src/html/html.ts'
import { document } from '../../src/html/page.ts'

const LINK = html`<link rel="stylesheet" href="/debug/assets/style.css">`

/** Renders a whole page of the debug listener. */
export function page(title: Content, body: Html, level?: Level): Html {
  return document(title, LINK, body, level)
}
