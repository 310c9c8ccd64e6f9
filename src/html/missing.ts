import { type Html, html } from './html.ts'

/** Renders what a browser gets for an address where nothing is; `home` is where there is something. */
export function missing(home: string): Html {
  return html`<main class="missing">
<h1>404</h1>
<p>There is nothing at this address. Go on to <a href="${home}">${home}</a>.</p>
</main>`
}

/** Whether a client would rather have a page than JSON, as browsers say. */
export function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true
}
