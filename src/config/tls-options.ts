import { Mistake } from '../finding.ts'
import { type Endpoint, isLocal } from './endpoint.ts'
import type { SslMode, Values } from './libpq.ts'
import type { TlsVersion } from './option.ts'

/** How connections to a database are encrypted, and who is trusted. All files are read again for each connection. */
export interface TlsOptions {
  readonly sslMode: SslMode
  readonly sslNegotiation: 'postgres' | 'direct'
  /** The path of a file with the certificates to trust, or `system`; undefined for those that Node.js trusts. */
  readonly sslRootCert: string | undefined
  /** The path of a file with certificates that were revoked. */
  readonly sslCrl: string | undefined
  /** The paths of the files of the certificate that says who the client is, and of its key. */
  readonly sslCert: string | undefined
  readonly sslKey: string | undefined
  readonly sslPassword: string | undefined
  /** Whether the server is told by which name it was asked. */
  readonly sslSni: boolean
  readonly sslMinProtocolVersion: TlsVersion
  readonly sslMaxProtocolVersion: TlsVersion | undefined
}

export type Encryption = 'plain' | 'encrypted'

/** Which ways a connection is tried in, one after the other: `allow` and `prefer` have a second one. */
export function encryptionsOf({ sslMode }: TlsOptions, endpoint: Endpoint): readonly Encryption[] {
  if (isLocal(endpoint) || sslMode === 'disable') return ['plain']
  if (sslMode === 'allow') return ['plain', 'encrypted']
  return sslMode === 'prefer' ? ['encrypted', 'plain'] : ['encrypted']
}

/** As in libpq, a file of certificates to trust makes `require` the same as `verify-ca`. */
export function verifies({ sslMode, sslRootCert }: TlsOptions): boolean {
  return sslMode.startsWith('verify-') || (sslMode === 'require' && sslRootCert !== undefined)
}

const STRONG: readonly SslMode[] = ['require', 'verify-ca', 'verify-full']

/** Throws a Mistake when options contradict each other, as libpq does, or promise what they would not keep. */
export function tlsOptionsOf(values: Values): TlsOptions {
  const { sslrootcert: sslRootCert, sslnegotiation: sslNegotiation, sslcertmode: certMode } = values
  const system = sslRootCert === 'system'
  const sslMode = values.sslmode ?? (system ? 'verify-full' : 'prefer')
  if (system && sslMode !== 'verify-full') {
    throw new Mistake(
      `has sslrootcert=system and the weak sslmode=${sslMode}`,
      'leave sslmode out: it is verify-full then. Anybody may have a certificate that the system trusts for a name of theirs',
    )
  }
  if (sslMode === 'verify-ca' && sslRootCert === undefined) {
    throw new Mistake(
      'has sslmode=verify-ca and no sslrootcert, the file of the certificates to trust',
      'add sslrootcert, or write sslmode=verify-full: anybody may have a certificate of a public authority',
    )
  }
  if (sslNegotiation === 'direct' && !STRONG.includes(sslMode)) {
    throw new Mistake(
      `has sslnegotiation=direct and the weak sslmode=${sslMode}`,
      `it takes sslmode=${STRONG.join(', ')} with it`,
    )
  }
  const { sslcert, sslkey, ssl_min_protocol_version: least, ssl_max_protocol_version: most } = values
  if ((sslcert === undefined) !== (sslkey === undefined)) {
    throw new Mistake('has one of sslcert and sslkey', 'set both, or neither')
  }
  // The names of the versions are in the order of the alphabet.
  if (most !== undefined && most < least) {
    throw new Mistake('has an ssl_max_protocol_version below its ssl_min_protocol_version, or below TLSv1.2')
  }
  const identity = certMode === 'disable' ? undefined : { sslCert: sslcert, sslKey: sslkey }
  return {
    sslMode,
    sslNegotiation,
    sslRootCert,
    sslCrl: values.sslcrl,
    sslCert: identity?.sslCert,
    sslKey: identity?.sslKey,
    sslPassword: values.sslpassword,
    sslSni: values.sslsni,
    sslMinProtocolVersion: least,
    sslMaxProtocolVersion: most,
  }
}
