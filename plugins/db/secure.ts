import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import net from 'node:net'
import tls, { type ConnectionOptions } from 'node:tls'
import type { DatabaseUrl } from '../../src/config/database-url.ts'
import { type Encryption, verifies } from '../../src/config/tls-options.ts'
import { describeError, Mistake } from '../../src/finding.ts'
import { checkName } from './certificate-name.ts'

/** Asks the server whether it speaks TLS: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** The protocol that is spoken within TLS. A server that knows of no protocols, before PostgreSQL 17, takes no notice. */
const PROTOCOL = 'postgresql'

/** Each with the option that says otherwise. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'renew the certificate of the server',
  CERT_REVOKED: 'sslcrl lists the certificate of the server',
  UNABLE_TO_GET_CRL: 'sslcrl needs the list of each authority between the certificate and sslrootcert',
}
const TRUST = 'sslrootcert=FILE in DATABASE_URL has the certificates to trust'

/**
 * Gives a connection the encryption that it is to have. Resolves to an encrypted socket over the given one; or to that
 * itself when it is to be plain, or when the server has no encryption and `prefer` does without. Rejects when it must have
 * it, or when its certificate is not trusted: with a Mistake that names the option.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
export async function secure(
  socket: net.Socket,
  host: string,
  url: DatabaseUrl,
  encryption: Encryption,
): Promise<net.Socket> {
  if (encryption === 'plain') return socket
  const direct = url.sslNegotiation === 'direct'
  // Files are read first: one that is missing is no reason to bother the server.
  const options = {
    ...identity(host, url),
    ...(await trust(url)),
    ...(await certificate(url)),
    ...versions(url),
  }
  if (!direct && !(await agrees(socket, url))) return socket
  const secured = tls.connect({ socket, ALPNProtocols: [PROTOCOL], ...options })
  try {
    await event(secured, 'secureConnect')
  } catch (cause) {
    throw explained(cause, url)
  }
  if (direct && secured.alpnProtocol !== PROTOCOL) {
    secured.destroy()
    throw new Mistake(
      'the server does not speak PostgreSQL in TLS from the start, and sslnegotiation=direct asks for it',
      'PostgreSQL does from version 17 on; leave sslnegotiation out',
    )
  }
  return secured
}

/** Asks the server for TLS. Resolves to false when it has none and need not. */
async function agrees(socket: net.Socket, { sslMode }: DatabaseUrl): Promise<boolean> {
  socket.write(SSL_REQUEST)
  const chunk: Buffer = await event(socket, 'data')
  const answer = chunk.toString('latin1')
  if (answer === 'S') return true
  // More than one byte would come from somebody in between, who sends it before the encryption begins.
  if (answer !== 'N') throw new Error('the server answers the request for TLS with something else')
  if (sslMode === 'prefer') return false
  throw new Mistake(`the server has no TLS, and sslmode=${sslMode} asks for it`)
}

/** Waits for an event of a socket. Rejects when that ends before. */
async function event(socket: net.Socket, name: string): Promise<Buffer> {
  const ended = new AbortController()
  const close = () => ended.abort(new Error('the server closed the connection'))
  socket.on('close', close)
  try {
    const [value] = await once(socket, name, { signal: ended.signal })
    return value
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error
  } finally {
    socket.off('close', close)
  }
}

/** The name that the server's certificate must have. Only a name, not an address, can be told to the server (SNI). */
function identity(host: string, { sslSni }: DatabaseUrl): ConnectionOptions {
  return net.isIP(host) || !sslSni ? { host } : { host, servername: host }
}

async function trust(url: DatabaseUrl): Promise<ConnectionOptions> {
  const ca = await authorities(url)
  const crl = url.sslCrl === undefined ? {} : { crl: await read('sslcrl', url.sslCrl) }
  return {
    ...(ca && { ca }),
    ...crl,
    rejectUnauthorized: verifies(url),
    checkServerIdentity: (host, { raw }) =>
      url.sslMode === 'verify-full' ? checkName(host, raw) : undefined,
  }
}

/** The certificates that are trusted; undefined for those that Node.js trusts, with NODE_EXTRA_CA_CERTS. */
async function authorities({ sslRootCert }: DatabaseUrl): Promise<Buffer | string[] | undefined> {
  if (sslRootCert === undefined) return undefined
  if (sslRootCert !== 'system') return read('sslrootcert', sslRootCert)
  const certificates = tls.getCACertificates('system')
  if (certificates.length > 0) return certificates
  throw new Mistake(
    'sslrootcert is "system", which trusts no certificate',
    'install the package ca-certificates, or set SSL_CERT_FILE, or leave sslrootcert out',
  )
}

/** The certificate that says who the service is. */
async function certificate({ sslCert, sslKey, sslPassword }: DatabaseUrl): Promise<ConnectionOptions> {
  if (sslCert === undefined || sslKey === undefined) return {}
  const [cert, key] = await Promise.all([read('sslcert', sslCert), read('sslkey', sslKey)])
  const options = { cert, key, ...(sslPassword !== undefined && { passphrase: sslPassword }) }
  try {
    tls.createSecureContext(options)
  } catch (cause) {
    throw new Mistake(
      `sslcert and sslkey cannot be used together: ${describeError(cause)}`,
      'sslkey has the key of the first certificate in sslcert; sslpassword decrypts it',
      { cause },
    )
  }
  return options
}

function versions({ sslMinProtocolVersion, sslMaxProtocolVersion }: DatabaseUrl): ConnectionOptions {
  const most = sslMaxProtocolVersion === undefined ? {} : { maxVersion: sslMaxProtocolVersion }
  return { minVersion: sslMinProtocolVersion, ...most }
}

/** Reads the file of an option. Rejects with a Mistake that names the option. */
async function read(option: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new Mistake(`${option} is "${path}", which cannot be read: ${describeError(cause)}`, undefined, {
      cause,
    })
  }
}

/** Adds the way out to the error of a handshake. */
function explained(error: unknown, url: DatabaseUrl): unknown {
  if (error instanceof Mistake || !(error instanceof Error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  const known = code !== undefined && (code in UNTRUSTED || /CERT|ISSUER|SIGN|CRL|CHAIN/.test(code))
  if (!verifies(url) || !known) return error
  return new Mistake(`the certificate of the server is not trusted: ${message}`, UNTRUSTED[code] ?? TRUST, {
    cause: error,
  })
}
