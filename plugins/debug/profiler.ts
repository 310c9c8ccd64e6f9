// Takes profiles of the process. Imports nothing of the service.
import { setTimeout as delay } from 'node:timers/promises'

// Types only: the native part takes 8 MB, so it is loaded with the first profile.
type Pprof = typeof import('@datadog/pprof')
export type Profile = ReturnType<Pprof['time']['stop']>

/** A kind of sampling, from `start` to `stop`. */
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
   * Samples for `seconds`, or until `signal` aborts, and resolves to gzipped protobuf as in
   * https://github.com/google/pprof/blob/main/proto/profile.proto. Rejects when the native part has no build for this
   * platform. Must not be called while a profile is running.
   */
  async take(seconds: number, signal: AbortSignal): Promise<Buffer> {
    const profile = await this.sample(seconds, signal)
    const pprof = await import('@datadog/pprof')
    return pprof.encode(profile)
  }

  /** Samples in the same way, and resolves to the profile itself. */
  async sample(seconds: number, signal: AbortSignal): Promise<Profile> {
    this.#running = true
    try {
      const pprof = await import('@datadog/pprof')
      this.#sampling.start(pprof, seconds)
      // It rejects only when the signal aborts, which ends the profile early.
      await delay(seconds * 1000, undefined, { signal }).catch(() => {})
      return withoutVersions(await this.#sampling.stop(pprof))
    } finally {
      this.#running = false
    }
  }
}

/** What the URL of a collector's file ends with, so that it is read again when it changes. */
const VERSION = /\?v=\w+(&try=\d+)?$/

/** A profile whose files are those that people know. */
function withoutVersions(profile: Profile): Profile {
  const { stringTable } = profile
  for (const of of profile.function) {
    const file = stringTable.strings[Number(of.filename)] ?? ''
    if (VERSION.test(file)) of.filename = stringTable.dedup(file.replace(VERSION, ''))
  }
  return profile
}

/** The most samples of one profile, idle ones included: each takes memory until the profile ends. */
const MAX_SAMPLES = 10_000
/** The shortest time between two samples, in microseconds. */
const MIN_INTERVAL = 1000

/**
 * Samples where time goes: for each stack the number of samples, its wall time and its processor time, in nanoseconds.
 * `pprof` shows processor time by default. All threads other than JavaScript's are one stack.
 */
export const cpu: Sampling = {
  start(pprof, seconds) {
    pprof.time.start({
      // The sampler reserves memory for the samples of this long.
      durationMillis: seconds * 1000,
      intervalMicros: Math.max(MIN_INTERVAL, Math.round((seconds * 1e6) / MAX_SAMPLES)),
      // Processor time is recorded only with contexts.
      collectCpuTime: true,
      withContexts: true,
    })
  },
  stop: async (pprof) => pprof.time.stop(),
}

/** Average bytes between two samples: far fewer than when sampling never ends. */
const HEAP_INTERVAL = 16 * 1024
/** The most frames of a stack. */
const STACK_DEPTH = 64

/** Samples what is allocated after the start and still in use at the stop: objects and bytes of each stack. */
export const heap: Sampling = {
  start: (pprof) => pprof.heap.start(HEAP_INTERVAL, STACK_DEPTH),
  async stop(pprof) {
    try {
      await collectGarbage()
      return pprof.heap.profile()
    } finally {
      pprof.heap.stop()
    }
  },
}

/** Collects garbage, because unreachable objects that are not collected yet would count as in use. */
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
