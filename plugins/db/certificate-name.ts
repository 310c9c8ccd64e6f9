import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { Mistake } from '../../src/finding.ts'

/**
 * Checks that a certificate is for a host, as libpq does: `*` stands for a whole first label and for nothing else. Returns
 * what is wrong. Node.js by itself would also take `db*.example.com`, and no notice of a dot at the end.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES
 */
export function checkName(host: string, raw: Buffer): Mistake | undefined {
  const certificate = new X509Certificate(raw)
  if (names(certificate, host)) return undefined
  const { subjectAltName, subject } = certificate
  const found = subjectAltName ?? subject.replaceAll('\n', ', ')
  return new Mistake(
    `the certificate of the server is for another host: "${host}" is not in ${found}`,
    'write a host that the certificate has (hostaddr may say where it is), or sslmode=verify-ca',
  )
}

/** The common name counts where the certificate has no other name of that kind. */
function names(certificate: X509Certificate, host: string): boolean {
  // OpenSSL would take a name that begins with a dot for a whole domain.
  if (host.startsWith('.')) return false
  const options = { partialWildcards: false }
  if (isIP(host) === 0) return certificate.checkHost(host, options) !== undefined
  if (certificate.checkIP(host) !== undefined) return true
  const hasAddress = /(^|, )IP Address:/.test(certificate.subjectAltName ?? '')
  return certificate.checkHost(host, { ...options, subject: hasAddress ? 'never' : 'always' }) !== undefined
}
