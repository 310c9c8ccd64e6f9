import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../demo/port.ts'
import type { Member } from './member.ts'
import type { Site } from './site.ts'

/**
 * HAProxy with a port that leads to the primary, as Patroni's documentation has it, but for a check in every second.
 * Returns `host:port`. https://patroni.readthedocs.io/en/latest/rest_api.html#health-check-endpoints
 */
export async function startHaproxy(site: Site, members: readonly Member[]): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`
  const folder = site.folder('haproxy')
  const servers = members.map(
    ({ name, endpoint, restPort }) => `    server ${name} ${endpoint} maxconn 100 check port ${restPort}`,
  )
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `
global
    maxconn 100

defaults
    mode tcp
    retries 2
    timeout client 30m
    timeout connect 4s
    timeout server 30m
    timeout check 5s

listen primary
    bind ${address}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 1s fall 3 rise 2 on-marked-down shutdown-sessions
${servers.join('\n')}
`,
  )
  site.run(folder, 'haproxy', ['-db', '-f', 'haproxy.cfg'])
  return address
}
