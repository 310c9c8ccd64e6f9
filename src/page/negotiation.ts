import type { Format } from './exposition.ts'

interface Preference {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
  readonly q: number
}

/**
 * The form of the page that an Accept header prefers; text where it asks for nothing that there is.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept and, for what Prometheus sends,
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined): Format {
  const preferred = parse(accept ?? '').toSorted((a, b) => b.q - a.q)
  for (const { value, parameters, q } of preferred) {
    if (q === 0) continue
    const version = parameters.get('version')
    if (value === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0') return 'openmetrics'
    if (value === 'text/plain' && (version ?? '0.0.4') === '0.0.4') return 'text'
    if (value === '*/*' || value === 'text/*') return 'text'
  }
  return 'text'
}

/** Whether an Accept-Encoding header takes gzip and does not prefer the page as it is. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const preferences = new Map(parse(acceptEncoding ?? '').map(({ value, q }) => [value, q]))
  const gzip = preferences.get('gzip') ?? preferences.get('x-gzip') ?? preferences.get('*') ?? 0
  return gzip > 0 && gzip >= (preferences.get('identity') ?? 0)
}

function parse(header: string): Preference[] {
  return header.split(',').flatMap((item) => {
    const [value = '', ...rest] = item.split(';').map((part) => part.trim().toLowerCase())
    if (value === '') return []
    const parameters = new Map(
      rest.map((part) => {
        const [name = '', text = ''] = part.split('=').map((side) => side.trim())
        return [name, text.replace(/^"(.*)"$/, '$1')]
      }),
    )
    const q = Number(parameters.get('q') ?? 1)
    return { value, parameters, q: q >= 0 && q <= 1 ? q : 0 }
  })
}
