import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Owner, unprivileged } from '../../demo/cluster.ts'
import { send } from '../../demo/family.ts'

// Kills all that runs in the folder, until nothing does: what is killed last may have started something. The shell
// notices the end of the test by the end of its input, however that came.
const SCRIPT = `
read -r line
while true; do
  found=
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd" 2>/dev/null)" in
      "$1"/*) kill -KILL "\${process#/proc/}" && found=1 ;;
    esac
  done
  [ -n "$found" ] || break
  sleep 0.1
done
rm -rf "$1"
`

/**
 * A temporary folder with a folder for each of several programs, which run in it, with all that they start, under an
 * account that is not root's. The site ends with the test, however that ends. It needs the /proc of Linux.
 */
export class Site {
  readonly #folder: string
  readonly #owner: Owner

  constructor(t: Test) {
    this.#owner = unprivileged()
    this.#folder = mkdtempSync(join(tmpdir(), 'metrics-service-site-'))
    this.#own(this.#folder)
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'sh', this.#folder], {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    shell.unref()
    t.teardown(async () => {
      const ended = once(shell, 'exit')
      shell.ref()
      shell.stdin.end()
      await ended
    })
  }

  /** Makes the folder of a program. */
  folder(name: string): string {
    const folder = join(this.#folder, name)
    mkdirSync(folder, { mode: 0o700 })
    this.#own(folder)
    return folder
  }

  /** Starts a program in its folder; it writes to the file `log` there. */
  run(folder: string, program: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(folder, 'log'), 'a')
    const { PATH } = process.env
    return spawn(program, args, {
      ...this.#owner,
      cwd: folder,
      env: { PATH, LC_ALL: 'C.UTF-8', HOME: folder },
      stdio: ['ignore', log, log],
      detached: true,
    })
  }

  #own(path: string): void {
    if (this.#owner.uid !== undefined) chownSync(path, this.#owner.uid, this.#owner.gid)
  }
}

/** The last lines that the program of a folder wrote. */
export function logOf(folder: string): string {
  return readFileSync(join(folder, 'log'), 'utf8').slice(-4000)
}

/** Sends a signal to all that runs in a folder, and to what is started meanwhile. */
export function sendAll(folder: string, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  const sent = new Set<number>()
  for (;;) {
    const left = processesIn(folder).filter((pid) => !sent.has(pid))
    if (left.length === 0) return
    for (const pid of left) {
      send(pid, signal)
      sent.add(pid)
    }
  }
}

function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => `${cwdOf(pid)}/`.startsWith(`${folder}/`))
    .map(Number)
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    // It has ended, or is another account's.
    return ''
  }
}
