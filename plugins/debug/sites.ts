// What the pages of other sites make a browser ask of the debug listener. Imports src/ and its own folder only.
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback } from '../../src/config/loopback.ts'
import { html } from '../../src/html/html.ts'
import { page } from './page.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a mere GET makes the service work for longer than it takes to render a page. */
    readonly costs?: boolean
  }
}

/**
 * Refuses what a page of another site makes the user's browser send, and requests under a host name that somebody else has
 * pointed to this machine, unless a token tells one from the other.
 * https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function refuseOtherSites(debug: FastifyInstance, onlyLoopback: boolean): void {
  debug.addHook('onRequest', async (request, reply) => {
    const { host = '' } = request.headers
    const hostname = hostnameOf(host)
    if (onlyLoopback && (hostname === undefined || !isLoopback(hostname))) {
      const error = `the Host header is ${JSON.stringify(host)}: without DEBUG_TOKEN it must be localhost`
      return reply.code(403).send({ error })
    }
    if (!isFromElsewhere(request)) return
    reply.code(403)
    if (request.headers['sec-fetch-mode'] !== 'navigate') {
      return reply.send({ error: 'cross-site request refused' })
    }
    await reply.helmet()
    return reply.type('text/html; charset=utf-8').send(invitation().text)
  })
}

function isFromElsewhere({ headers, method, routeOptions: { config } }: FastifyRequest): boolean {
  const { origin, referer, host = '' } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  if (origin !== undefined) return !isOwn(origin, host)
  // A browser says this much of a form and of a script. Of an image over http to another host, it says nothing.
  const told = site !== undefined || !isBrowser(headers) || (method === 'GET' && config.costs !== true)
  return !told && !(referer !== undefined && isOwn(referer, host))
}

/** Whether a page at this URL is ours: at the host that the request is for. */
function isOwn(url: string, host: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, host: from } = new URL(url)
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === from
}

/** Every browser says so, and the page that it shows cannot change it. */
function isBrowser(headers: IncomingHttpHeaders): boolean {
  return headers['user-agent']?.startsWith('Mozilla/') === true
}

/** Returns the name or address in a Host header, an IPv6 address without its brackets; undefined when it has more than that. */
function hostnameOf(host: string): string | undefined {
  if (/[^\w.:[\]-]/.test(host) || !URL.canParse(`http://${host}`)) return undefined
  return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Renders what a link of another site leads to: nothing but a link of our own. */
function invitation() {
  return page(
    'Metrics service',
    html`<main>
<h1>This link is on another site</h1>
<p>Pages of other sites show nothing and start nothing here. Go on to <a href="/debug">the debug page</a>.</p>
</main>`,
  )
}
