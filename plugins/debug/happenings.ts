// What happened last. Imports src/ and its own folder only.
import { type Html, html } from '../../src/html/html.ts'
import type { Look } from './subject.ts'
import { time } from './verdict.ts'

/** Renders what happened last, the newest first, in the words of the log. */
export function happenings({ subject, database, date }: Look): Html {
  const shown = subject
    .events()
    .filter((event) => database === undefined || event.database === undefined || event.database === database)
  if (shown.length === 0) return html`<p>Nothing since the start.</p>`
  const items = shown.map((event) => {
    const of = [event.database, event.collector].filter((name) => name !== undefined).join('/')
    return html`<li class="e-${event.level}">${time(event.at, date)} <span class="kind">${event.kind}</span> <span>${of === '' ? undefined : html`<b>${of}</b> `}${event.message}</span></li>
`
  })
  return html`<ol class="events" tabindex="0" aria-label="Events">${items}</ol>`
}
