import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Postgres, startPostgres } from '../../demo/postgres.ts'

/** A server of the test's own, and a way to give it files that only it may read. */
export interface SecuredServer extends Postgres {
  put(name: string, content: string | Buffer): void
}

/** Puts a file into the data directory of a server, which its account alone may read. */
export function giveFile({ dir }: Postgres, name: string, content: string | Buffer): void {
  const { uid, gid } = statSync(dir)
  const path = join(dir, name)
  writeFileSync(path, content)
  chmodSync(path, 0o600)
  if (process.getuid?.() === 0) chownSync(path, uid, gid)
}

/** A server with a certificate and its key, these rules of who may log in, and these settings and files beside its own. */
export async function createSecuredServer(
  t: Test,
  certificate: { key: string; cert: string },
  {
    rules,
    settings = [],
    files = {},
  }: { rules: string; settings?: readonly string[]; files?: Readonly<Record<string, string | Buffer>> },
  flags: string[] = [],
): Promise<SecuredServer> {
  const postgres = await startPostgres({ flags })
  t.teardown(() => postgres.destroy())
  const put = (name: string, content: string | Buffer) => giveFile(postgres, name, content)
  put('server.key', readFileSync(certificate.key))
  put('server.crt', readFileSync(certificate.cert))
  for (const [name, content] of Object.entries(files)) put(name, content)
  put('postgresql.auto.conf', ['ssl = on', ...settings, ''].join('\n'))
  put('pg_hba.conf', rules)
  await postgres.stop()
  await postgres.start()
  return { ...postgres, put }
}
