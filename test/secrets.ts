import { readFileSync } from 'node:fs'
import type { Environment } from '../src/config/read.ts'
import type { SecretName } from '../src/config/variables.ts'

const PASSWORD = /(:\/\/[^:@/]*:)([^@]*)@/

/**
 * What of an environment no log line, page or process title may hold: the passwords of its URLs and its tokens. A
 * password that occurs elsewhere in its URL too, as a user's name or a host's, cannot be told from that and is left out.
 */
export function secretsOf(env: Environment): string[] {
  const tokens = [textOf(env, 'METRICS_TOKEN'), textOf(env, 'DEBUG_TOKEN')]
  const beside = [textOf(env, 'DATABASE_PASSWORD'), env.PGPASSWORD ?? '']
  const url = textOf(env, 'DATABASE_URL')
  const written = PASSWORD.exec(url)?.[2] ?? ''
  const rest = url.replace(PASSWORD, '$1@')
  const passwords = [written, decode(written)].filter((password) => !rest.includes(password))
  return [...new Set([...tokens, ...beside, ...passwords])].filter((secret) => secret !== '')
}

/** Throws when a text holds one of these secrets; it is shown with the text before it. */
export function checkSecrets(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) {
    const at = text.indexOf(secret)
    if (at >= 0) throw new Error(`${where} tells a secret after "${text.slice(Math.max(at - 100, 0), at)}"`)
  }
}

function textOf(env: Environment, name: SecretName | 'DATABASE_PASSWORD'): string {
  const file = env[`${name}_FILE`]
  if (env[name] || !file) return env[name] ?? ''
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    // A test of what becomes of a file that cannot be read.
    return ''
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
