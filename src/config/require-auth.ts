import type { Option } from './option.ts'

/** The ways in which a server may ask who a client is: `none` is that it does not. */
export const AUTH_METHODS = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

/**
 * Those that are allowed; undefined when nothing is said about them.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH
 */
export const REQUIRE_AUTH: Option<ReadonlySet<AuthMethod> | undefined> = {
  variable: 'PGREQUIREAUTH',
  takes: `some of ${AUTH_METHODS.join(', ')}, separated by commas, with a ! before each or before none`,
  parse(text) {
    if (!text) return undefined
    const words = text.split(',').map((word) => word.trim())
    const negated = words.filter((word) => word.startsWith('!'))
    if (negated.length > 0 && negated.length < words.length) throw new Error('both kinds')
    const named = words.map((word) => word.replace('!', ''))
    const methods = AUTH_METHODS.filter((method) => named.includes(method))
    // Fewer, when one is unknown or named twice.
    if (methods.length < words.length) throw new Error('not the methods')
    return new Set(
      negated.length === 0 ? methods : AUTH_METHODS.filter((method) => !methods.includes(method)),
    )
  },
}
