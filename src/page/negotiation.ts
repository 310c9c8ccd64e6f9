import Negotiator from 'negotiator'
import type { Format } from './syntax.ts'

/** Names that a client may give to the two forms of the page. */
const OPENMETRICS = ['application/openmetrics-text;version=1.0.0', 'application/openmetrics-text']
/** Any type at all is answered with text, too: a browser or curl shows it. */
const TEXT = ['text/plain;version=0.0.4', 'text/plain', 'text/*', '*/*']

/** A parameter of an item of a header. Its value may be a quoted string, which may hold any character. */
const PARAMETER = /;([^=;,]*)=[ \t]*("(?:\\.|[^"\\])*"?[^;,]*|[^;,]*)/g

/** The types of the package lack the options of this method. */
interface EncodingNegotiator {
  encoding(
    available: readonly string[],
    options: { readonly preferred: readonly string[] },
  ): string | undefined
}

/**
 * Returns the form of the page that an Accept header prefers; text when it asks for nothing that the service has.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept and, for what Prometheus sends,
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept = ''): Format {
  const negotiator = new Negotiator({ headers: { accept: reduce(accept) } })
  const preferred = negotiator.mediaType([...OPENMETRICS, ...TEXT])
  return preferred !== undefined && OPENMETRICS.includes(preferred) ? 'openmetrics' : 'text'
}

/** Returns whether an Accept-Encoding header takes gzip and does not prefer the page uncompressed. */
export function acceptsGzip(acceptEncoding = ''): boolean {
  // x-gzip is its old name: https://www.rfc-editor.org/rfc/rfc9110#name-gzip-coding
  const header = reduce(acceptEncoding).replaceAll(/x-gzip/gi, 'gzip')
  const negotiator: EncodingNegotiator = new Negotiator({ headers: { 'accept-encoding': header } })
  return negotiator.encoding(['gzip', 'identity'], { preferred: ['gzip'] }) === 'gzip'
}

/**
 * Removes every parameter but `version` and `q` from a header. The page does not depend on the others, such as
 * `escaping` and `charset`, but a type with one of them is another type to the negotiator.
 */
function reduce(header: string): string {
  return header.replaceAll(PARAMETER, (_, name: string, quoted: string) => {
    const value = quoted.replaceAll('"', '').trim()
    switch (name.trim().toLowerCase()) {
      case 'version':
        // An empty version is not the same as no version, but it is to the negotiator.
        return `;version=${value || 'empty'}`
      case 'q':
        return `;q=${isQuality(value) ? value : 0}`
      default:
        return ''
    }
  })
}

function isQuality(text: string): boolean {
  const q = Number(text)
  return text !== '' && q >= 0 && q <= 1
}
