import t from 'tap'
import type { Fields } from '../../../src/log.ts'
import { Events, keepEvents } from '../../../src/round/events.ts'

const event = { at: 1, kind: 'failed', level: 'error', message: 'it fails' } as const

t.test('the newest event comes first, and a hundred are kept', async (t) => {
  const events = new Events()
  for (let at = 1; at <= 120; at++) events.add({ ...event, at })
  const times = events.list().map(({ at }) => at)
  t.strictSame(
    times,
    Array.from({ length: 100 }, (_, i) => 120 - i),
  )
})

t.test('a list of events that somebody has does not change', async (t) => {
  const events = new Events()
  events.add(event)
  const list = events.list()
  events.add({ ...event, at: 2 })
  t.strictSame(list, [event])
})

t.test('a line with an event is written and kept, and says the same in both', async (t) => {
  const lines: unknown[] = []
  const write = (fields: string | Fields, message?: string) => {
    lines.push([fields, message])
  }
  const events = new Events()
  const log = keepEvents({ debug: write, info: write, warn: write, error: write }, events, 'eu')
  const fields: Fields = {
    event: 'recovered',
    collector: 'one',
    err: { code: '42501' },
    durationSeconds: 3,
    runs: 2,
  }
  log.info(fields, 'collector recovered')
  log.warn('short token')
  t.strictSame(lines, [
    [fields, 'collector recovered'],
    [{}, 'short token'],
  ])
  const [kept, ...others] = events.list()
  t.strictSame(others, [], 'a line without an event is not kept')
  t.strictSame(
    { ...kept, at: 0 },
    {
      at: 0,
      kind: 'recovered',
      level: 'info',
      message: 'collector recovered',
      database: 'eu',
      collector: 'one',
      code: '42501',
      durationSeconds: 3,
    },
  )
})
