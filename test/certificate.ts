import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * A certificate for these names that another, or itself, has signed; the paths of key and certificate. Without
 * alternatives it has its common name alone, which is `name` unless it is given.
 */
export function certificate(
  folder: string,
  name: string,
  alternatives?: string,
  signer?: string,
  commonName = name,
  days = 2,
): { key: string; cert: string } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const signed =
    signer === undefined
      ? []
      : ['-CA', join(folder, `${signer}.crt`), '-CAkey', join(folder, `${signer}.key`)]
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        String(days),
      ],
      ...[
        '-subj',
        `/CN=${commonName}`,
        ...(alternatives === undefined ? [] : ['-addext', `subjectAltName=${alternatives}`]),
        '-keyout',
        key,
        '-out',
        cert,
        ...signed,
      ],
    ],
    { stdio: 'pipe' },
  )
  return { key, cert }
}
