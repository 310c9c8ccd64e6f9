import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Report, Verdict } from '../../../src/check/report.ts'
import type { Environment } from '../../../src/config/read.ts'
import type { Finding } from '../../../src/finding.ts'
import { leash } from '../../leash.ts'
import { ROOT } from '../../root.ts'
import { checkSecrets, secretsOf } from '../../secrets.ts'

const COLLECTOR = new URL('../../../src/collector.ts', import.meta.url).href

/** How a check ended, and what it wrote. */
export interface Ended {
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

/** The one document that `--json` writes. */
interface Document {
  readonly ok: boolean
  readonly endpoint?: string
  readonly errors?: readonly string[]
  readonly types?: readonly Finding[]
  readonly collectors: readonly (Report & { readonly verdict: Verdict })[]
}

/** The arguments, with `--no-types` unless they have `--types`: the compiler takes longer than all else. */
function typed(args: readonly string[]): string[] {
  return args.includes('--types') ? args.filter((arg) => arg !== '--types') : [...args, '--no-types']
}

/** A check in a process of its own, as `npm run check` runs it; `ended` resolves to what it came to. */
export function startCheck(t: Test, env: Environment, args: readonly string[] = []) {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  // The test runner has every process load a part of its own.
  const child: ChildProcess = leash(
    spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, 'src/cli.ts', 'check', ...typed(args)], {
      cwd: ROOT,
      env: { PATH, NODE_COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  t.teardown(() => child.kill('SIGKILL'))
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('its outputs are pipes')
  const read = async (): Promise<Ended> => {
    const [[code, signal], out, problems] = await Promise.all([
      once(child, 'close'),
      text(stdout),
      text(stderr),
    ])
    checkSecrets(`${out}${problems}`, secretsOf(env), 'the output of the check')
    return { code: code ?? signal, stdout: out, stderr: problems }
  }
  return { child, ended: read() }
}

export function runCheck(t: Test, env: Environment, ...args: string[]): Promise<Ended> {
  return startCheck(t, env, args).ended
}

/** As runCheck, with what its document says. */
export async function runJson(t: Test, env: Environment, ...args: string[]) {
  const ended = await runCheck(t, env, '--json', ...args)
  const document: Document = JSON.parse(ended.stdout)
  return { ...ended, document }
}

/** A folder with a file for each collector, given the rest of its definition. */
export function folderOf(t: Test, definitions: Readonly<Record<string, string>>): string {
  const files = Object.entries(definitions).map(([name, rest]) => [
    `${name}.ts`,
    `import { counter, defineCollector, gauge, histogram, open, timestamp } from '${COLLECTOR}'
export default defineCollector({ name: '${name}', ${rest} })
`,
  ])
  return t.testdir(Object.fromEntries(files))
}
