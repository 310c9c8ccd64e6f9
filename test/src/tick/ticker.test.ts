import { once } from 'node:events'
import t from 'tap'
import { Ticker } from '../../../src/tick/ticker.ts'
import { Machine } from '../../model/machine.ts'
import { Timeline } from '../../model/timeline.ts'

const TICK = 1000
/** When the first tick comes: by a chance of 0, half a tick after the start. */
const FIRST = TICK / 2

/** A ticker on a simulated clock, what it did, and what its replica does. */
function simulated(ready: (signal: AbortSignal) => Promise<void> = async () => {}) {
  const timeline = new Timeline()
  const machine = new Machine(timeline)
  const state = { leads: true, running: false, paused: false }
  const events: string[] = []
  const settled = Promise.withResolvers<void>()
  const ticker = new Ticker({
    clock: machine,
    length: TICK,
    place: 0,
    databases: 1,
    chance: () => 0,
    ready,
    started() {},
    leads: () => state.leads,
    paused: () => state.paused,
    running: () => state.running,
    run: (tick) => events.push(`run ${tick}`),
    watch: () => events.push('watch'),
    settled: () => settled.promise,
  })
  ticker.on('tick', (outcome) => {
    if (outcome === 'skipped') events.push('skip')
  })
  return { timeline, machine, ticker, state, events, settle: settled.resolve }
}

t.test('each tick starts a round, and has the next number', async (t) => {
  const { timeline, ticker, events } = simulated()
  await ticker.start()
  ticker.gained()
  await timeline.run(FIRST + TICK)
  t.same(events, ['run 0', 'run 1', 'run 2'])
})

t.test('a tick at which a round runs is skipped, and counts as a tick', async (t) => {
  const { timeline, ticker, state, events } = simulated()
  await ticker.start()
  state.running = true
  await timeline.run(FIRST)
  state.running = false
  await timeline.run(FIRST + TICK)
  t.same(events, ['skip', 'run 2'])
  t.equal(ticker.skipped, 1)
})

t.test('a tick of another replica is neither run nor skipped, but watched', async (t) => {
  const { timeline, ticker, state, events } = simulated()
  await ticker.start()
  state.leads = false
  await timeline.run(FIRST)
  state.running = true
  await timeline.run(FIRST + TICK)
  t.same(events, ['watch', 'watch'])
  t.equal(ticker.tick, 2)
  t.equal(ticker.skipped, 0)
})

t.test(
  'a replica that gains the lead while an earlier round runs starts one when that has ended',
  async (t) => {
    const { ticker, state, events, settle } = simulated()
    state.running = true
    ticker.gained()
    t.same(events, [])
    state.running = false
    settle()
    await null
    t.same(events, ['run 0'])
  },
)

t.test('a replica that gains the lead while it stops starts no round', async (t) => {
  const { ticker, state, events, settle } = simulated()
  state.running = true
  ticker.gained()
  ticker.stop()
  state.running = false
  settle()
  await null
  ticker.gained()
  t.same(events, [])
})

t.test('no tick comes after the stop', async (t) => {
  const { timeline, ticker, events } = simulated()
  await ticker.start()
  await timeline.run(FIRST)
  ticker.stop()
  await timeline.run(10 * TICK)
  t.same(events, ['run 1'])
})

t.test('a stop ends the wait for the start, and no tick comes', async (t) => {
  const { timeline, ticker, events } = simulated((signal) => once(signal, 'abort').then(() => undefined))
  const started = ticker.start()
  ticker.stop()
  await started
  await timeline.run(10 * TICK)
  t.same(events, [])
  t.equal(ticker.nextTickAt, undefined)
})

t.test('the start rejects when the wait for it is given up, and no tick comes', async (t) => {
  const { timeline, ticker, events } = simulated(() => Promise.reject(new Error('no quorum')))
  await t.rejects(ticker.start(), { message: 'no quorum' })
  await timeline.run(10 * TICK)
  t.same(events, [])
})

t.test('ticks that a freeze held up come back in phase', async (t) => {
  const { timeline, machine, ticker } = simulated()
  const moments: number[] = []
  ticker.on('tick', () => moments.push(timeline.now))
  await ticker.start()
  await timeline.run(FIRST)
  machine.freeze()
  await timeline.run(FIRST + 3.3 * TICK)
  machine.thaw()
  await timeline.run(FIRST + 6 * TICK)
  t.same(
    moments.map((moment) => (moment - FIRST) / TICK),
    [0, 3.3, 4, 5, 6],
  )
})

t.test('the next tick is known from the start on', async (t) => {
  const { timeline, ticker } = simulated()
  t.equal(ticker.nextTickAt, undefined)
  await ticker.start()
  t.equal(ticker.nextTickAt, FIRST)
  await timeline.run(FIRST)
  t.equal(ticker.nextTickAt, FIRST + TICK)
})

t.test('each tick tells what came of it', async (t) => {
  const { timeline, ticker, state } = simulated()
  await ticker.start()
  const next = async () => {
    const told = once(ticker, 'tick')
    await timeline.run(timeline.now + TICK)
    return told
  }
  t.same(await next(), ['run'])
  state.running = true
  t.same(await next(), ['skipped'])
  state.leads = false
  t.same(await next(), ['watched'])
})
