// The files of TLS, read and understood. Imports src/ only.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describeError, Mistake } from '../../src/finding.ts'
import { expiryOf } from '../../src/time/expiry.ts'

type Name = 'TLS_CERT_FILE' | 'TLS_KEY_FILE' | 'TLS_CLIENT_CA_FILE'

/** What each certificate of a file begins with. */
const BEGIN = '-----BEGIN CERTIFICATE-----'

/**
 * Reads the certificates of the file that a variable names; undefined when it is not set. Throws a Mistake that names the
 * variable when there is none: TLS itself takes a file without one for a list of nobody.
 */
export function readCertificates(name: Name, file: string | undefined): Buffer | undefined {
  return read(name, file, 'a certificate in PEM', (pem) => {
    if (certificatesIn(pem).length === 0) throw new Error('it has none')
  })
}

/** Returns when the first of some certificates in PEM expires, in seconds since 1970: without one of a chain the rest is worth nothing. */
export function firstExpiry(pem: Buffer): number {
  return Math.min(...certificatesIn(pem).map(expiryOf))
}

function certificatesIn(pem: Buffer): X509Certificate[] {
  const [, ...blocks] = pem.toString('latin1').split(BEGIN)
  return blocks.map((block) => new X509Certificate(BEGIN + block))
}

/** Reads the key that belongs to a certificate; undefined when it is not set. Throws a Mistake when it is no key, or another certificate's. */
export function readKey(
  name: Name,
  file: string | undefined,
  certificate: Buffer | undefined,
): Buffer | undefined {
  return read(name, file, 'the key of the certificate in TLS_CERT_FILE, in PEM', (pem) => {
    const key = createPrivateKey(pem)
    if (certificate !== undefined && !new X509Certificate(certificate).checkPrivateKey(key))
      throw new Error('it is the key of another certificate')
  })
}

function read(
  name: Name,
  file: string | undefined,
  takes: string,
  check: (pem: Buffer) => void,
): Buffer | undefined {
  if (file === undefined) return undefined
  try {
    const pem = readFileSync(file)
    check(pem)
    return pem
  } catch (cause) {
    throw new Mistake(`${name} is "${file}": ${describeError(cause)}`, `it takes the path of ${takes}`, {
      cause,
    })
  }
}
