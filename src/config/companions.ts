import type { Finding } from '../finding.ts'
import type { NamedUrl } from './databases.ts'
import { isLoopback } from './loopback.ts'
import { type Parsed, variables } from './variables.ts'

/** Returns what is wrong with variables that depend on each other. A variable that could not be read is missing. */
export function findInCompanions(
  values: Partial<Parsed>,
  databases: readonly NamedUrl[] | undefined,
): Finding[] {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE, DEBUG_HOST } = values
  const findings = findInQuorum(values, databases)
  if (TLS_CERT_FILE !== undefined && TLS_KEY_FILE === undefined) {
    findings.push({ problem: 'TLS_CERT_FILE is set and TLS_KEY_FILE is not', advice: 'set both, or neither' })
  }
  if (TLS_KEY_FILE !== undefined && TLS_CERT_FILE === undefined) {
    findings.push({ problem: 'TLS_KEY_FILE is set and TLS_CERT_FILE is not', advice: 'set both, or neither' })
  }
  if (values.LEADER_ELECTION && values.STATE_FILE !== undefined) {
    findings.push({
      problem: 'STATE_FILE is set and LEADER_ELECTION is true',
      advice:
        'a replica that begins to lead cannot read the file of another: set STATE_URL instead of STATE_FILE',
    })
  }
  if (values.STATE_FILE !== undefined && values.STATE_URL !== undefined) {
    findings.push({ problem: 'STATE_FILE and STATE_URL are both set', advice: 'set one of them' })
  }
  if (TLS_CLIENT_CA_FILE !== undefined && TLS_CERT_FILE === undefined) {
    findings.push({
      problem: 'TLS_CLIENT_CA_FILE is set and TLS_CERT_FILE is not',
      advice: 'client certificates need TLS, so set both, or neither',
    })
  }
  const reachable = DEBUG_HOST !== undefined && !isLoopback(DEBUG_HOST)
  if (values.DEBUG_PORT !== 0 && reachable && values.DEBUG_TOKEN === undefined) {
    findings.push({
      problem: `DEBUG_HOST is "${DEBUG_HOST}", which others can reach`,
      advice: 'set DEBUG_TOKEN too, or DEBUG_HOST to 127.0.0.1',
    })
  }
  return findings
}

function findInQuorum(
  { DATABASE_QUORUM: quorum }: Partial<Parsed>,
  databases: readonly NamedUrl[] | undefined,
): Finding[] {
  if (databases === undefined || quorum === undefined) return []
  return databases
    .map(({ name, url }) => ({ name, hosts: url.endpoints.length }))
    .filter(({ hosts }) => quorum > hosts)
    .map(({ name, hosts }) => {
      const listed = `${hosts} ${hosts === 1 ? 'host' : 'hosts'}${name === undefined ? '' : ` for "${name}"`}`
      return {
        problem: `DATABASE_QUORUM is "${quorum}", but DATABASE_URL lists ${listed}`,
        advice: `it takes ${variables.DATABASE_QUORUM.takes}`,
      }
    })
}
