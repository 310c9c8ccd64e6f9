import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { parseEnv } from 'node:util'
import { type ExitCode, FAILED, type Io, OK, runCommand } from '../config/arguments.ts'
import { print } from '../config/print.ts'
import type { Environment } from '../config/read.ts'
import { variables } from '../config/variables.ts'
import { describeError } from '../finding.ts'
import { formatDuration } from '../time/duration.ts'

const COMMAND = {
  usage: `Usage: health [option …]

Asks the service on this machine whether it is healthy: /healthz of HOST and PORT, over TLS when TLS_CERT_FILE is set.
The variables come from the environment and .env. The certificate is not verified.

  --help        show this

Exit code: 0 when it is healthy, 1 when it is not or does not answer within 4 seconds, 2 when the arguments are not
understood.
`,
  options: {},
  allowPositionals: false,
} as const

/** Milliseconds to wait for the answer: less than the five seconds that the image gives its health check. */
const DEADLINE = 4000
/** Addresses that a service listens on but nobody can connect to, and the address of this machine instead. */
const LOOPBACKS = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])

/** Where a service is asked. */
interface Target {
  readonly encrypted: boolean
  readonly host: string
  readonly port: string
}

/** Asks a running service whether it is healthy, and writes the answer in a line. */
export function health(
  args: readonly string[],
  io: Io,
  environment: Environment = readEnvironment(),
): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async () => {
    const target = targetOf(environment)
    try {
      const status = await ask(target)
      if (status !== 200) throw new Error(`the answer is ${status}`)
      print(io.stdout, `${urlOf(target)} is healthy\n`)
      return OK
    } catch (error) {
      print(io.stderr, `${urlOf(target)} is not healthy: ${describeError(error)}\n`)
      return FAILED
    }
  })
}

/** Returns the variables of the process, and those of `.env` that the process does not set. */
function readEnvironment(): Environment {
  return { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env }
}

function targetOf({ HOST, PORT, TLS_CERT_FILE }: Environment): Target {
  const host = HOST || variables.HOST.default
  return {
    encrypted: Boolean(TLS_CERT_FILE),
    host: LOOPBACKS.get(host) ?? host,
    port: PORT || variables.PORT.default,
  }
}

function urlOf({ encrypted, host, port }: Target): string {
  return `${encrypted ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`
}

/** Resolves to the status of the answer. Rejects when there is no answer in time. */
async function ask({ encrypted, host, port }: Target): Promise<number | undefined> {
  const signal = AbortSignal.timeout(DEADLINE)
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const { get } = encrypted ? https : http
  const request = get({ host, port, path: '/healthz', agent: false, rejectUnauthorized: false, signal })
  request.on('response', ({ statusCode }) => resolve(statusCode))
  request.on('error', (error) =>
    reject(signal.aborted ? new Error(`no answer within ${formatDuration(DEADLINE)}`) : error),
  )
  return promise.finally(() => request.destroy())
}
