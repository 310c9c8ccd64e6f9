import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian has the programs of each version. */
const DEBIAN = '/usr/lib/postgresql'

interface Address {
  /** `host:port` that it binds. */
  readonly listen: string
  /** `host:port` by which the other members reach it. */
  readonly connect: string
}

export interface MemberSettings {
  readonly name: string
  /** Of the superuser `postgres`, which is the members' too. */
  readonly password: string
  readonly sql: Address
  readonly rest: Address
  readonly etcd: string
}

/**
 * Patroni's settings of a member, with short times. A commit is acknowledged when a standby has it too
 * (`synchronous_mode_strict`), so that none is lost with its server.
 * https://patroni.readthedocs.io/en/latest/dynamic_configuration.html
 */
export function patroniSettings({ name, password, sql, rest, etcd }: MemberSettings) {
  const role = { username: 'postgres', password }
  return {
    scope: 'cluster',
    name,
    restapi: { listen: rest.listen, connect_address: rest.connect },
    // By version 2, a leader that was frozen cannot take the lock back without looking, as Patroni 3.0 does by version
    // 3: it would lose what the other has committed. As a proxy, or Patroni would ask etcd for its address and go there.
    etcd: { host: etcd, use_proxies: true },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 1,
        retry_timeout: 5,
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: { use_pg_rewind: true, parameters: { wal_log_hints: true, hot_standby: true } },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'no-sync'],
    },
    postgresql: {
      listen: sql.listen,
      connect_address: sql.connect,
      data_dir: 'data',
      bin_dir: binaries(),
      basebackup: [{ checkpoint: 'fast' }],
      pgpass: 'pgpass',
      authentication: { superuser: role, replication: role },
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256'],
      // Nothing here has to outlive a crash of the machine, so nothing waits for the disk.
      parameters: {
        unix_socket_directories: '',
        shared_buffers: '32MB',
        dynamic_shared_memory_type: 'mmap',
        fsync: false,
        full_page_writes: true,
        timezone: 'UTC',
      },
    },
  }
}

/** The folder of the programs of the newest PostgreSQL that is installed. */
function binaries(): string {
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a))
  return join(DEBIAN, versions[0] ?? '', 'bin')
}
