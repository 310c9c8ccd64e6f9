import type { X509Certificate } from 'node:crypto'

/** Returns when a certificate expires, in seconds since 1970. */
export function expiryOf({ validToDate }: X509Certificate): number {
  return validToDate.getTime() / 1000
}
