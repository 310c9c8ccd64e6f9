import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Environment } from '../../src/config/read.ts'
import { type ServiceProcess, spawnService } from '../process.ts'

/** Bytes that the service may ever hold, whatever befalls it. */
export const MOST_MEMORY = 400 * 2 ** 20

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
/** As `npm start` has it. */
export const NODE = [
  'MALLOC_ARENA_MAX=2',
  'MALLOC_MMAP_THRESHOLD_=32768',
  process.execPath,
  '--max-semi-space-size=4',
  '--heap-growing-percent=100',
]

/**
 * The service in a process of its own with the collectors of a folder beside the tests, once it listens. The
 * variables are what the process has beside its configuration.
 */
export async function serveFolder(
  t: Test,
  folder: string,
  env: Environment,
  variables: readonly string[] = [],
): Promise<ServiceProcess> {
  const path = fileURLToPath(new URL(`${folder}/`, import.meta.url))
  const command = [...variables, ...NODE, SERVER, '--folder', path]
  const service = await spawnService(t, env, { command })
  await service.said('metrics on ')
  return service
}

/** The most memory that a process ever had resident, in bytes; what it has now where the system does not keep that. */
export function peakMemory(pid: number | undefined): number {
  if (process.platform !== 'linux')
    return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout) * 1024
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** What an error leaves in the log that nobody caught, or that is a defect of the service. */
export const DEFECT = /unhandled|uncaught|nothing caught|internal error|"level":"fatal"|\n\s+at |\\n\s+at /i

/** Asserts that the service still runs, never took more memory than `most` bytes, and logged no defect. */
export function unharmed(t: Test, { child, output }: ServiceProcess, most = MOST_MEMORY): void {
  t.equal(child.exitCode, null, 'the process is up')
  const peak = peakMemory(child.pid)
  t.ok(peak < most, `its peak of memory was ${Math.round(peak / 2 ** 20)} MB`)
  t.notMatch(output(), DEFECT)
}
