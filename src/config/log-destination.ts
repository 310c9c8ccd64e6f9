import { writeSync } from 'node:fs'

/** Milliseconds for which a line waits for a pipe whose reader is behind, and between two tries. */
const PATIENCE = 100
const PAUSE = 5

const never = new Int32Array(new SharedArrayBuffer(4))

/** Takes lines, each with its end. */
export interface LogStream {
  write(line: string): void
}

/**
 * Where log lines go. A line that cannot be written is dropped, because the disk is full or the terminal is closed: no
 * service may end for the want of a log.
 */
export class LogDestination implements LogStream {
  readonly #fd: number
  /** Whether the last line was cut off. */
  #cut = false

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Writes a line, with its end. */
  write(line: string): void {
    let rest = Buffer.from(this.#cut ? `\n${line}` : line)
    const { length } = rest
    const ends = performance.now() + PATIENCE
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest))
      } catch (error) {
        const isBusy = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        if (!isBusy || performance.now() > ends) break
        Atomics.wait(never, 0, 0, PAUSE)
      }
    }
    // If nothing was written, it is as it was.
    if (rest.length < length) this.#cut = rest.length > 0
  }
}
