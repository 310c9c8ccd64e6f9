// The frame of each page of the debug listener. Imports src/ only.
import { type Html, html } from '../../src/html/html.ts'
import { document } from '../../src/html/page.ts'

const STYLE = html`<link rel="stylesheet" href="/debug/assets/style.css">`

/** Renders a whole page of the debug listener. */
export function page(title: string, body: Html): Html {
  return document(title, STYLE, body)
}
