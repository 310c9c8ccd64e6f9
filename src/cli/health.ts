import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import { type ExitCode, FAILED, type Io, OK, runCommand } from '../config/arguments.ts'
import { print } from '../config/print.ts'
import type { Environment } from '../config/read.ts'
import { readSecret } from '../config/secret.ts'
import { variables } from '../config/variables.ts'
import { describeError } from '../finding.ts'
import { formatDuration } from '../time/duration.ts'

const COMMAND = {
  usage: `Usage: health [option …]

Asks the service on this machine whether it is healthy: /healthz of HOST and PORT, over TLS when TLS_CERT_FILE is set.
The variables come from the environment and .env. The certificate is not verified.

  --ready       ask whether every value is present and fresh, and print why not: /readyz of DEBUG_HOST and DEBUG_PORT,
                with the token of DEBUG_TOKEN or DEBUG_TOKEN_FILE
  --help        show this

Exit code: 0 when it is, 1 when it is not or does not answer within 4 seconds, 2 when the arguments are not understood.
`,
  options: { ready: { type: 'boolean' } },
  allowPositionals: false,
} as const

/** Milliseconds to wait for the answer: less than the five seconds that the image gives its health check. */
const DEADLINE = 4000
/** Addresses that a service listens on but nobody can connect to, and the address of this machine instead. */
const LOOPBACKS = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])

/** Where a service is asked, and with which token. */
interface Target {
  readonly encrypted: boolean
  readonly host: string
  readonly port: string
  readonly path: string
  readonly token?: string | undefined
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

/** Asks a running service whether it is healthy, and writes the answer in a line, or in one for each reason. */
export function health(
  args: readonly string[],
  io: Io,
  environment: Environment = readEnvironment(),
): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async ({ values: { ready } }) => {
    const word = ready ? 'ready' : 'healthy'
    const target = ready ? debugOf(environment) : metricsOf(environment)
    try {
      const { status, body } = await ask(target)
      if (status !== 200) throw new Error(reasonsIn(body).join('\n') || `the answer is ${status}`)
      print(io.stdout, `${urlOf(target)} is ${word}\n`)
      return OK
    } catch (error) {
      const [first, ...others] = error instanceof Error ? error.message.split('\n') : [describeError(error)]
      const lines =
        others.length === 0 ? ` ${first}` : [first, ...others].map((line) => `\n  ${line}`).join('')
      print(io.stderr, `${urlOf(target)} is not ${word}:${lines}\n`)
      return FAILED
    }
  })
}

/** Returns the variables of the process, and those of `.env` that the process does not set. */
function readEnvironment(): Environment {
  return { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env }
}

function metricsOf({ HOST, PORT, TLS_CERT_FILE }: Environment): Target {
  return {
    encrypted: Boolean(TLS_CERT_FILE),
    host: hostOf(HOST || variables.HOST.default),
    port: PORT || variables.PORT.default,
    path: '/healthz',
  }
}

function debugOf({ DEBUG_HOST, DEBUG_PORT, DEBUG_TOKEN, DEBUG_TOKEN_FILE }: Environment): Target {
  return {
    encrypted: false,
    host: hostOf(DEBUG_HOST || variables.DEBUG_HOST.default),
    port: DEBUG_PORT || variables.DEBUG_PORT.default,
    path: '/readyz',
    token: readSecret('DEBUG_TOKEN', DEBUG_TOKEN, DEBUG_TOKEN_FILE, (path) => readFileSync(path, 'utf8')),
  }
}

function hostOf(host: string): string {
  return LOOPBACKS.get(host) ?? host
}

function urlOf({ encrypted, host, port, path }: Target): string {
  return `${encrypted ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
}

/** Resolves to the answer. Rejects when there is none in time. */
async function ask({ encrypted, host, port, path, token }: Target): Promise<Answer> {
  const signal = AbortSignal.timeout(DEADLINE)
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { get } = encrypted ? https : http
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const request = get({ host, port, path, headers, agent: false, rejectUnauthorized: false, signal })
  const fail = (error: unknown) =>
    reject(signal.aborted ? new Error(`no answer within ${formatDuration(DEADLINE)}`) : error)
  request.on('error', fail)
  request.on('response', (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, body }), fail)
  })
  return promise.finally(() => request.destroy())
}

/** Returns the reasons that an answer of /readyz has, or the error of another one. */
function reasonsIn(body: string): readonly string[] {
  try {
    const { reasons, error } = JSON.parse(body)
    return Array.isArray(reasons) ? reasons.map(String) : error === undefined ? [] : [String(error)]
  } catch {
    return []
  }
}
