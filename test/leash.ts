import { type ChildProcess, spawn } from 'node:child_process'

/** Reads which processes there are, and ends those that are left when its input ends: the test is gone, whatever ended it. */
const SCRIPT = `
pids=' '
while read -r what pid; do
  case $what in
    started) pids="$pids$pid " ;;
    ended) pids=$(echo "$pids" | sed "s/ $pid / /") ;;
  esac
done
for pid in $pids; do kill -TERM "$pid"; done
for beat in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=
  for pid in $pids; do kill -0 "$pid" && left=yes; done
  [ -z "$left" ] && exit
  sleep 1
done
for pid in $pids; do kill -KILL "$pid"; done`

let shell: ReturnType<typeof start> | undefined

function start() {
  const started = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of reach of what ends the test, and of its terminal.
    detached: true,
  })
  // Without it, there is no leash, which is no reason to fail.
  started.on('error', () => {})
  started.stdin.on('error', () => {})
  started.unref()
  if ('unref' in started.stdin && typeof started.stdin.unref === 'function') started.stdin.unref()
  return started
}

/** Has a process end with this one, also when a time limit or a signal ends that, so that no teardown runs. */
export function leash<Child extends ChildProcess>(child: Child): Child {
  const { pid } = child
  if (pid === undefined) return child
  shell ??= start()
  const { stdin } = shell
  stdin.write(`started ${pid}\n`)
  child.once('exit', () => stdin.write(`ended ${pid}\n`))
  return child
}
