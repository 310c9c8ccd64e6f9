import { getEventListeners } from 'node:events'
import { getActiveResourcesInfo } from 'node:process'
import t from 'tap'
import { deadline, pause, within } from '../../../src/time/deadline.ts'

const DAY = 86_400_000
const never = new Promise<never>(() => {})

/** Work that ends when its signal aborts, and then with what its signal says. */
function heeding(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

t.test('the result of work that is done in time passes', async (t) => {
  t.equal(await within(Promise.resolve('done'), { ms: DAY }), 'done')
})

t.test('the error of work that fails in time passes', async (t) => {
  const error = new Error('no such table')
  const caught = await within(Promise.reject(error), { ms: DAY }).catch((reason: unknown) => reason)
  t.equal(caught, error)
})

t.test('work that does not answer is given up at the time limit, which the error names', async (t) => {
  await t.rejects(within(never, { ms: 5 }), { message: /within 5ms/ })
})

t.test('work that does not answer is given up with the reason of the signal', async (t) => {
  const controller = new AbortController()
  const reason = new Error('the service is stopping')
  const outcome = within(never, { ms: DAY, signal: controller.signal }).catch((error: unknown) => error)
  controller.abort(reason)
  t.equal(await outcome, reason)
})

t.test('work is given up at once when the signal aborted before', async (t) => {
  const reason = new Error('the service is stopping')
  const outcome = within(never, { ms: DAY, signal: AbortSignal.abort(reason) }).catch(
    (error: unknown) => error,
  )
  t.equal(await outcome, reason)
})

t.test(
  'an answer that comes while the event loop is blocked for longer than the time limit is in time',
  async (t) => {
    const answer = new Promise((resolve) => setImmediate(() => resolve('done')))
    const outcome = within(answer, { ms: 40 })
    const blockedUntil = performance.now() + 200
    while (performance.now() < blockedUntil);
    t.equal(await outcome, 'done')
  },
)

t.test('work that fails after it was given up is no unhandled rejection', async (t) => {
  const controller = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const outcome = within(promise, { ms: DAY, signal: controller.signal }).catch((error: unknown) => error)
  controller.abort(new Error('stop'))
  await outcome
  reject(new Error('too late'))
  // tap fails a test in which a rejection goes unhandled; the turn of the event loop lets it be seen.
  await new Promise((resolve) => setImmediate(resolve))
  t.pass()
})

for (const [end, work] of [
  ['succeeded', () => Promise.resolve()],
  ['failed', () => Promise.reject(new Error('no'))],
] as const) {
  t.test(`work that ${end} leaves no listener on the signal`, async (t) => {
    const { signal } = new AbortController()
    await within(work(), { ms: DAY, signal }).catch(() => {})
    t.equal(listenersOf(signal), 0)
  })
}

t.test('work that was given up at the time limit leaves no listener on the signal', async (t) => {
  const { signal } = new AbortController()
  await within(never, { ms: 1, signal }).catch(() => {})
  t.equal(listenersOf(signal), 0)
})

t.test('work that was given up on abort leaves no listener on the signal', async (t) => {
  const controller = new AbortController()
  const outcome = within(never, { ms: DAY, signal: controller.signal }).catch(() => {})
  controller.abort()
  await outcome
  t.equal(listenersOf(controller.signal), 0)
})

t.test('work that is done leaves no timer', async (t) => {
  const timers = () => getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const before = timers()
  await within(Promise.resolve(), { ms: DAY })
  t.equal(timers(), before)
})

t.test('the time limit aborts the signal of the work', async (t) => {
  await t.rejects(deadline(heeding, { ms: 5 }), { message: /within 5ms/ })
})

t.test('the signal aborts the signal of the work, with its reason', async (t) => {
  const controller = new AbortController()
  const reason = new Error('the service is stopping')
  const outcome = deadline(heeding, { ms: DAY, signal: controller.signal }).catch((error: unknown) => error)
  controller.abort(reason)
  t.equal(await outcome, reason)
})

t.test('a signal that aborted before is one for the work too', async (t) => {
  const seen = deadline(async (signal) => signal.aborted, { ms: DAY, signal: AbortSignal.abort() })
  t.equal(await seen, true)
})

t.test('the outcome is that of the work, even when it ends after its signal aborted', async (t) => {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const outcome = deadline(() => promise, { ms: DAY, signal: controller.signal })
  controller.abort(new Error('stop'))
  resolve('cleaned up')
  t.equal(await outcome, 'cleaned up')
})

t.test('work that throws before its first await rejects, and leaves no listener', async (t) => {
  const { signal } = new AbortController()
  const outcome = deadline(
    () => {
      throw new Error('at once')
    },
    { ms: DAY, signal },
  )
  await t.rejects(outcome, { message: 'at once' })
  t.equal(listenersOf(signal), 0)
})

t.test('the signal of the work does not abort when the work is done', async (t) => {
  const { signal } = new AbortController()
  const inner = await deadline(async (signal) => signal, { ms: DAY, signal })
  t.equal(inner.aborted, false)
})

t.test('a pause ends after its time', async (t) => {
  await t.resolves(pause(1, new AbortController().signal))
})

t.test('a pause of a day returns when the signal aborts', async (t) => {
  const controller = new AbortController()
  const paused = pause(DAY, controller.signal)
  controller.abort(new Error('stop'))
  await t.resolves(paused)
})

t.test('a pause returns at once when the signal aborted before', async (t) => {
  await t.resolves(pause(DAY, AbortSignal.abort()))
})

t.test('a pause that was cut short leaves no listener on the signal', async (t) => {
  const controller = new AbortController()
  const paused = pause(DAY, controller.signal)
  controller.abort()
  await paused
  t.equal(listenersOf(controller.signal), 0)
})
