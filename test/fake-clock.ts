import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A clock that a process sees in place of the machine's, whose monotonic clock it keeps. */
export interface FakeClock {
  /** The environment of a process that is to see it. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it to a number of seconds before or after the true time. */
  set(seconds: number): void
}

/** Makes a clock that is right until it is set. It needs the Debian package faketime. */
export function createFakeClock(t: Test): FakeClock {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-service-clock-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  // A server may run as another user.
  chmodSync(folder, 0o755)
  const file = join(folder, 'clock')
  // Renamed into place: a process reads it all the time.
  const set = (seconds: number) => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
    renameSync(`${file}.new`, file)
  }
  set(0)
  const { stdout } = spawnSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' })
  const env = {
    LD_PRELOAD: stdout.trim(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return { env, set }
}
