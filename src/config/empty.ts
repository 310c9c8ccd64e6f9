import type { Finding } from '../finding.ts'
import { type VariableName, variables } from './variables.ts'

/** Variables that keep others out. */
const DOORS = [
  'METRICS_TOKEN',
  'METRICS_TOKEN_FILE',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_CLIENT_CA_FILE',
  'DEBUG_TOKEN',
  'DEBUG_TOKEN_FILE',
] as const

/**
 * Returns which of them are set and empty. Whoever sets one wants a door, and an empty Secret or a misspelt reference to
 * one would leave it open without a word.
 */
export function findEmpty(environment: Readonly<Partial<Record<VariableName, string>>>): Finding[] {
  return DOORS.filter((name) => environment[name] === '').map((name) => ({
    problem: `${name} is set and empty`,
    advice: `give it ${variables[name].takes}, or leave it out of the environment`,
  }))
}
