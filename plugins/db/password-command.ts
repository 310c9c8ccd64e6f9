import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PasswordSource } from '../../src/config/credentials.ts'
import type { DatabaseUrl, Endpoint } from '../../src/config/database-url.ts'
import { cut, Mistake } from '../../src/finding.ts'
import { formatDuration } from '../../src/time/duration.ts'

type Command = Extract<PasswordSource, { from: 'command' }>

/** The most bytes that a command may write: a token has a few thousand. */
const LONGEST = 65_536
/** How much of what a command says of its failure is shown, in characters. */
const SHOWN = 200

/** Runs that have not ended: a round that opens several connections to an endpoint runs its command once. */
const running = new WeakMap<Endpoint, Promise<string>>()

/**
 * Runs a command that writes a password, in sh, with the endpoint in libpq's variables. Resolves to what it writes, without
 * the end of its line. Rejects with a Mistake when it fails, writes nothing, or takes longer than the connect timeout; its
 * processes are killed then. What it writes is in no message, not even in one of a command that fails.
 */
export function runPasswordCommand(command: Command, url: DatabaseUrl, endpoint: Endpoint): Promise<string> {
  const run = running.get(endpoint) ?? start(command, url, endpoint).finally(() => running.delete(endpoint))
  running.set(endpoint, run)
  return run
}

async function start(
  { variable, command }: Command,
  { user, database, connectTimeout }: DatabaseUrl,
  { host, port }: Endpoint,
): Promise<string> {
  const env = { ...process.env, PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database }
  // A group of its own, so that what the shell has started ends with it.
  const child = spawn('sh', ['-c', command], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => void (child.pid !== undefined && child.exitCode === null && end(child.pid))
  let [written, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text
    if (written.length > LONGEST) kill()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, LONGEST)
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill()
  }, connectTimeout)
  try {
    const [code, signal] = await once(child, 'close')
    const password = written.replace(/\r?\n$/, '')
    if (late) {
      const after = `wrote no password within ${formatDuration(connectTimeout)}`
      throw new Mistake(
        `${variable} ${after}`,
        'give it longer: connect_timeout in DATABASE_URL has the seconds',
      )
    }
    if (written.length > LONGEST) throw new Mistake(`${variable} wrote more than a password`)
    if (code !== 0) {
      const how = code === null ? `was ended by ${signal}` : `failed with exit code ${code}`
      throw new Mistake(`${variable} ${how}${reasonIn(said, password)}`)
    }
    if (password === '') throw new Mistake(`${variable} wrote nothing`)
    return password
  } finally {
    clearTimeout(timer)
  }
}

/** What a command said of its failure, unless a line that it wrote is in it. */
function reasonIn(said: string, written: string): string {
  const lines = written.split('\n').map((line) => line.trim())
  const repeats = lines.some((line) => line !== '' && said.includes(line))
  const reason = repeats ? '' : said.trim()
  return reason === '' ? '' : `: ${cut(reason, SHOWN)}`
}

function end(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
