import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Environment } from '../src/config/read.ts'
import { leash } from './leash.ts'
import { ROOT } from './root.ts'
import { checkSecrets, secretsOf } from './secrets.ts'

export interface ServiceProcess {
  readonly child: ChildProcess
  /** Where it serves, once it has said so. */
  readonly url: string
  /** What of its configuration nothing that it writes may hold. */
  readonly secrets: readonly string[]
  /** All that it wrote so far, to both of its outputs. */
  output(): string
  /** The messages of its log, a line each, among whatever else it wrote. */
  messages(): string
  /** Resolves when its output holds the text this many times, or once. */
  said(text: string, times?: number): Promise<void>
  /** Resolves to its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>
}

/**
 * The service in a process of its own, as `npm start` runs it: on a port that it finds free, with this environment and no
 * other. The test fails in which it tells a secret of that, in what it writes or in the title of its process.
 */
export async function spawnService(
  t: Test,
  env: Environment,
  { command = [process.execPath, 'src/server.ts'], cwd = ROOT, uid = undefined as number | undefined } = {},
): Promise<ServiceProcess> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  // The test runner has every process load a part of its own, which wants to write where this one may not.
  const child = leash(
    spawn('env', ['-u', 'NODE_OPTIONS', ...command], {
      cwd,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      env: { PATH, NODE_COMPILE_CACHE, HOST: '127.0.0.1', PORT: '0', DEBUG_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exit = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const secrets = secretsOf(env)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
    checkSecrets(output, secrets, 'the output of the service')
  })
  return {
    child,
    secrets,
    get url() {
      const said = /(?:metrics on|listening at) (http:\/\/[\d.]+:\d+)/.exec(output)?.[1]
      if (said === undefined) throw new Error(`the service does not listen yet:\n${output}`)
      return said
    },
    output: () => output,
    messages: () => output.split('\n').map(messageOf).join('\n'),
    exit,
    async said(text, times = 1) {
      const gone = exit.then((code) => {
        throw new Error(`the service ended with ${code} and never said "${text}":\n${output}`)
      })
      // It ends at some time, and when all was said before that nobody waits any more.
      gone.catch(() => {})
      while (output.split(text).length <= times) {
        const heard = new AbortController()
        const { signal } = heard
        const data = [child.stdout, child.stderr].map((stream) => once(stream, 'data', { signal }))
        await Promise.race([...data, gone]).finally(() => heard.abort())
      }
      checkSecrets(titleOf(child.pid), secrets, 'the title of its process')
    },
  }
}

/** An address that the service has written to its output, after this text. */
export function saidBy({ output }: Pick<ServiceProcess, 'output'>, text: string): string {
  const [, url] = new RegExp(`${text} (http://[\\d.]+:\\d+)`).exec(output()) ?? []
  if (url === undefined) throw new Error(`the service has not said "${text}"`)
  return url
}

function messageOf(line: string): string {
  return line.startsWith('{') && line.endsWith('}') ? JSON.parse(line).msg : line
}

/** What `ps` shows of a process; nothing where the system does not tell, or when it is gone. */
function titleOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
