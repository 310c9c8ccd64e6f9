import { Writable } from 'node:stream'

/** A stream that keeps what is written to it. */
class Output extends Writable {
  text = ''

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk)
    done()
  }
}

/** The streams of a command that runs in the process of the test. */
export class TestIo {
  readonly stdout = new Output()
  readonly stderr = new Output()
}
