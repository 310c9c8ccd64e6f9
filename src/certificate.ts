import { readFileSync } from 'node:fs'
import type { Config } from './config/read.ts'

/** What the metrics listener shows and trusts, as its files are now. Throws when one of them cannot be read. */
export function readCertificate({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE }: Config) {
  return {
    cert: readFileSync(TLS_CERT_FILE),
    key: readFileSync(TLS_KEY_FILE),
    ...(TLS_CLIENT_CA_FILE === '' ? {} : { ca: readFileSync(TLS_CLIENT_CA_FILE) }),
  }
}
