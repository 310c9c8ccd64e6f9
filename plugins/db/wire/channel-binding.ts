import { createHash } from 'node:crypto'

/**
 * The hashes of the signatures that certificates have, by the bytes of their object identifiers. What has none of its own,
 * such as Ed25519, cannot be bound to.
 */
const HASHES: Readonly<Record<string, string>> = {
  // MD5 and SHA-1 with RSA, and SHA-1 with ECDSA: SHA-256 takes their place.
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a8648ce3d0401': 'sha256',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
}

/**
 * What `tls-server-end-point` binds to: the hash of the server's certificate, by the hash function of its signature.
 * Undefined where that has none. https://datatracker.ietf.org/doc/html/rfc5929#section-4.1
 */
export function endPointOf(certificate: Buffer): Buffer | undefined {
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }: RFC 5280.
  const body = elementAt(certificate, 0)
  const signed = elementAt(certificate, body.from)
  const algorithm = elementAt(certificate, signed.to)
  const identifier = elementAt(certificate, algorithm.from)
  const hash = HASHES[certificate.toString('hex', identifier.from, identifier.to)]
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest()
}

/** Where the content of an element of DER begins and ends. */
function elementAt(bytes: Buffer, start: number): { from: number; to: number } {
  const short = bytes.readUInt8(start + 1)
  if (short < 128) return { from: start + 2, to: start + 2 + short }
  const size = short & 127
  const from = start + 2 + size
  return { from, to: from + bytes.readUIntBE(start + 2, size) }
}
