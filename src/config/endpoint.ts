import { Mistake } from '../finding.ts'

/** One server of a database. */
export interface Endpoint {
  /** `host:port`, with no credentials: the value of the `endpoint` label. */
  readonly name: string
  /** A host name, an address, or the folder of a Unix socket: what a certificate is for. */
  readonly host: string
  /** The address to connect to, where `hostaddr` gives one; `host` is looked up otherwise. */
  readonly address: string | undefined
  readonly port: number
}

const DEFAULT_HOST = 'localhost'
const DEFAULT_PORT = '5432'

/** Whether an endpoint is a Unix socket, over which nothing is encrypted. */
export function isLocal({ host }: Pick<Endpoint, 'host'>): boolean {
  return host.startsWith('/')
}

/**
 * Returns the endpoints that libpq's `host`, `hostaddr` and `port` list, with commas between them. An empty place is the
 * default. Throws a Mistake, which counts places and repeats none: a password may have got there.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
 */
export function endpointsOf(hosts = '', addresses = '', ports = ''): Endpoint[] {
  const [hostList, addressList, portList] = [hosts, addresses, ports].map((text) => text.split(',')) as [
    string[],
    string[],
    string[],
  ]
  const count = addresses === '' ? hostList.length : addressList.length
  if (hosts !== '' && hostList.length !== count) {
    throw new Mistake(`has ${count} places in hostaddr, but ${hostList.length} in host`)
  }
  if (portList.length !== 1 && portList.length !== count) {
    throw new Mistake(`has ${portList.length} ports for ${count} ${count === 1 ? 'host' : 'hosts'}`)
  }
  const endpoints = Array.from({ length: count }, (_, i): Endpoint => {
    const address = addressList[i] || undefined
    const host = hostList[i] || address || DEFAULT_HOST
    const port = portOf(portList[portList.length === 1 ? 0 : i] || DEFAULT_PORT, i)
    return {
      name: `${host.includes(':') && !isLocal({ host }) ? `[${host}]` : host}:${port}`,
      host,
      address,
      port,
    }
  })
  const twice = endpoints.find((endpoint, i) => endpoints.findIndex(({ name }) => name === endpoint.name) < i)
  if (twice !== undefined) {
    throw new Mistake(`has a host (number ${endpoints.indexOf(twice) + 1}) that it lists before`)
  }
  return endpoints
}

function portOf(text: string, i: number): number {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65535) return port
  throw new Mistake(
    `has a host (number ${i + 1}) whose port is wrong`,
    'a port is a whole number from 1 to 65535',
  )
}
