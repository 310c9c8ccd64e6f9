import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls, { type ConnectionOptions } from 'node:tls'
import type { DatabaseUrl } from '../../src/config/database-url.ts'

/** Asks the server whether it speaks TLS: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/**
 * Encrypts a connection as `sslmode` asks. Resolves to an encrypted socket over the given one, or to that itself where
 * it stays as it is. Rejects when the server has no encryption and must have it, or when its certificate is not trusted.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
export async function secure(socket: net.Socket, host: string, url: DatabaseUrl): Promise<net.Socket> {
  if (url.sslMode === 'disable') return socket
  socket.write(SSL_REQUEST)
  const chunks: Buffer[] = await once(socket, 'data')
  const answer = Buffer.concat(chunks).toString('latin1')
  if (answer === 'N') {
    if (url.sslMode === 'prefer') return socket
    throw new Error(`the server has no TLS, and sslmode=${url.sslMode} asks for it`)
  }
  // More than one byte would come from somebody in between, who sends it before the encryption begins.
  if (answer !== 'S') throw new Error('the server answers the request for TLS with something else')
  const secured = tls.connect({ socket, ...identity(host), ...trust(url) })
  await once(secured, 'secureConnect')
  return secured
}

/** The name that the server's certificate must have. Only a name, not an address, can be told to the server (SNI). */
function identity(host: string): ConnectionOptions {
  return net.isIP(host) ? { host } : { host, servername: host }
}

function trust({ sslMode, sslRootCert }: DatabaseUrl): ConnectionOptions {
  const ca = sslRootCert === undefined || sslRootCert === 'system' ? {} : { ca: readFileSync(sslRootCert) }
  if (sslMode === 'verify-full') return { ...ca, rejectUnauthorized: true }
  // As in libpq, a root certificate makes `require` the same as `verify-ca`.
  const verifies = sslMode === 'verify-ca' || (sslMode === 'require' && sslRootCert !== undefined)
  return { ...ca, rejectUnauthorized: verifies, checkServerIdentity: () => undefined }
}
