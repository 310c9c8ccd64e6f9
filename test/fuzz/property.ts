import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'

/** Inputs from one seed: the next ones have the next seed, so that a failure is soon there again. */
const BLOCK = 50
/** Milliseconds of the processor between two turns of the event loop: what is beside the service in this process counts, too. */
const LONGEST_TURN = 200
/** How often an input that held it longer is checked again. */
const AGAIN = 2
/** Milliseconds between two turns that are looked at. */
const OFTEN = 2
/** Milliseconds for fast-check to find a smaller input that fails as well. */
const SHRINKING = 30_000
/** Bytes that may be held at the end, beside what was held after a tenth of the time. */
const MORE_MEMORY = 30 * 2 ** 20

/** How long a target runs, and from which seed: `node test/fuzz/TARGET.ts [seconds]`, SEED in the environment. */
const SECONDS = Number(process.argv[2] ?? 10)
let seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

const outside: unknown[] = []
let fuzzing = false
function takeOutside(error: unknown): void {
  if (fuzzing) {
    outside.push(error)
    return
  }
  // Before the first input and after the last, it is the target that fails.
  console.log(error)
  process.exit(1)
}
process.on('unhandledRejection', takeOutside)
process.on('uncaughtException', takeOutside)

let used = 0
let longest = 0
/** Looks at the time of the processor since the last look. */
function look(): number {
  const { user, system } = process.threadCpuUsage()
  const turn = (user + system) / 1000 - used
  used += turn
  return turn
}
const keepLongest = () => {
  longest = Math.max(longest, look())
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
/** What is held when whatever was on its way out is gone: connections close a turn later, and garbage leaves more garbage. */
async function held(): Promise<number> {
  for (let times = 0; times < 5; times++) {
    await delay(100)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Makes inputs for a share of the seconds, and checks each: a check throws, or rejects, when one does harm. At the first
 * that fails it says the seed with which it comes back at once, and the smallest input that fails as well. Also fails when
 * the event loop is held up, when an error is caught by nobody, and when memory is not given back. A check that never ends
 * is for the runner to notice.
 */
export async function fuzz<Input>(
  what: string,
  inputs: fc.Arbitrary<Input>,
  check: (input: Input) => unknown,
  share = 1,
): Promise<void> {
  let longestOfAll = 0
  /** Checks an input, and returns the longest turn meanwhile. */
  async function turnOf(input: Input): Promise<number> {
    look()
    longest = 0
    const timer = setInterval(keepLongest, OFTEN)
    try {
      await check(input)
    } finally {
      keepLongest()
      clearInterval(timer)
    }
    await setImmediate()
    if (outside.length > 0) throw new Error('an error was caught by nobody', { cause: outside.splice(0)[0] })
    return longest
  }
  const property = fc.asyncProperty(inputs, async (input) => {
    let turn = await turnOf(input)
    // The first inputs find code that is not compiled yet.
    if (count === 0) return
    // What an input needs, it needs again; the machine, which may have stopped in the middle of it, does not.
    for (let again = 0; again < AGAIN && turn > LONGEST_TURN; again++)
      turn = Math.min(turn, await turnOf(input))
    longestOfAll = Math.max(longestOfAll, turn)
    if (turn > LONGEST_TURN) throw new Error(`it held the event loop for ${Math.round(turn)} ms`)
  })
  const started = performance.now()
  const passed = () => (performance.now() - started) / (SECONDS * share * 1000)
  let count = 0
  let before: number | undefined
  console.log(`${what}: from SEED=${seed}`)
  fuzzing = true
  while (passed() < 1) {
    process.send?.(seed)
    const details = await fc.check(property, {
      seed,
      numRuns: BLOCK,
      interruptAfterTimeLimit: SHRINKING,
    })
    if (details.failed) {
      const { errorInstance } = details
      const cause = errorInstance instanceof Error ? errorInstance.cause : undefined
      console.log(fc.defaultReportMessage(details), errorInstance, cause ?? '')
      console.log(`${what}: fails after ${count + details.numRuns} inputs; again with SEED=${seed}`)
      process.exit(1)
    }
    count += details.numRuns
    seed++
    if (before === undefined && passed() > 0.1) before = await held()
  }
  fuzzing = false
  const more = (await held()) - (before ?? 0)
  console.log(
    `${what}: ${count} inputs; ${Math.round(longestOfAll)} ms was the longest turn, and ${Math.round(more / 2 ** 20)} MB more are held`,
  )
  if (before !== undefined && more > MORE_MEMORY) {
    console.log(`${what}: memory is not given back`)
    process.exit(1)
  }
}
