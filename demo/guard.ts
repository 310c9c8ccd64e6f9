import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A shell that cleans up when this process ends without having done so: by a crash, a signal, even SIGKILL. */
export interface Guard {
  /** Names the one process to end before the folder is deleted, or none. */
  watch(pid: number | undefined): void
  /** Ends the shell, which deletes the folder if it is still there. */
  dismiss(): Promise<void>
}

// The shell notices our end by the end of its input. SIGQUIT is PostgreSQL's immediate shutdown.
const script = `
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -CONT "$pid"
  kill -QUIT "$pid"
  for beat in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "$pid" || break
    sleep 0.5
  done
  kill -KILL "$pid"
fi
rm -rf "$1"
`

export function guardFolder(folder: string): Guard {
  // Out of reach of a terminal's Ctrl-C and hangup.
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const ended = once(shell, 'exit')
  // Somebody may have ended the shell: then there is no guard, which is no reason to fail.
  shell.stdin.on('error', () => {})
  shell.unref()
  return {
    watch(pid) {
      shell.stdin.write(`${pid ?? ''}\n`)
    },
    async dismiss() {
      shell.ref()
      shell.stdin.end()
      await ended
    },
  }
}
