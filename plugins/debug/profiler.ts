import { setTimeout as delay } from 'node:timers/promises'

// Types only: its native part takes 8 MB, and is loaded when a profile is asked for.
type Pprof = typeof import('@datadog/pprof')
type Profile = ReturnType<Pprof['time']['stop']>

/** What is sampled, from `start` to `stop`. */
interface Sampling {
  start(pprof: Pprof, seconds: number): void
  stop(pprof: Pprof): Promise<Profile>
}

/** Takes profiles of this process, one at a time; between them nothing runs. */
export class Profiler {
  readonly #sampling: Sampling
  #running = false

  constructor(sampling: Sampling) {
    this.#sampling = sampling
  }

  get running(): boolean {
    return this.#running
  }

  /**
   * Samples for so many seconds, or until the signal, and resolves to what `pprof` reads: gzipped protobuf as in
   * https://github.com/google/pprof/blob/main/proto/profile.proto. Rejects when the native part has no build for this
   * platform. Not to be called while one is running.
   */
  async take(seconds: number, signal: AbortSignal): Promise<Buffer> {
    this.#running = true
    try {
      const pprof = await import('@datadog/pprof')
      this.#sampling.start(pprof, seconds)
      // It rejects for the signal alone, which is an end as good as the other.
      await delay(seconds * 1000, undefined, { signal }).catch(() => {})
      return await pprof.encode(await this.#sampling.stop(pprof))
    } finally {
      this.#running = false
    }
  }
}

/** Samples of one profile at most, idle ones counted: each takes memory until it ends. */
const SAMPLES = 10_000
/** Microseconds between two samples at least. */
const CLOSEST = 1000

/**
 * Where time goes: each stack's samples, the nanoseconds that it was found running, and those of processor time, which
 * `pprof` shows unless it is told otherwise. All threads but that of JavaScript are one stack.
 */
export const cpu: Sampling = {
  start(pprof, seconds) {
    pprof.time.start({
      // Room is made for the samples of so long, and no more.
      durationMillis: seconds * 1000,
      intervalMicros: Math.max(CLOSEST, Math.round((seconds * 1e6) / SAMPLES)),
      // Processor time is kept with contexts, and not without.
      collectCpuTime: true,
      withContexts: true,
    })
  },
  stop: async (pprof) => pprof.time.stop(),
}

/** Bytes between two samples on average: far fewer than where sampling never ends. */
const APART = 16 * 1024
/** Frames of a stack. */
const DEPTH = 64

/** What was allocated since the start and is in use at the stop: each stack's objects and bytes. */
export const heap: Sampling = {
  start: (pprof) => pprof.heap.start(APART, DEPTH),
  async stop(pprof) {
    try {
      await collectGarbage()
      return pprof.heap.profile()
    } finally {
      pprof.heap.stop()
    }
  },
}

/** Without it, what nobody holds any more and was not collected yet would pass for in use. */
async function collectGarbage(): Promise<void> {
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.collectGarbage')
  } finally {
    session.disconnect()
  }
}
