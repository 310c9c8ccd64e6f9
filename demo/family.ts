import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A server's processes, children first. Each leads a process group of its own, so no one signal reaches them all. */
export function family(pid: number | undefined): number[] {
  if (pid === undefined) return []
  let children: string
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  } catch {
    children = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  }
  return [...children.split(/\s+/).filter(Boolean).map(Number), pid]
}

/** Sends a signal to a process, which may have ended already. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
