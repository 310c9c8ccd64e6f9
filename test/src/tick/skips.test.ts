import t from 'tap'
import type { Fields } from '../../../src/log.ts'
import { Skips } from '../../../src/tick/skips.ts'

function recorded() {
  const lines: (Fields & { message: string })[] = []
  const write = (fields: Fields | string, message = '') => {
    if (typeof fields !== 'string') lines.push({ ...fields, message })
  }
  return { skips: new Skips({ info: write, warn: write }), lines }
}

t.test('skipped ticks have one line when they begin, which names what is waited for', async (t) => {
  const { skips, lines } = recorded()
  for (let now = 0; now < 5000; now += 1000) skips.skipped(now, ['slow'])
  t.match(lines, [
    {
      event: 'skipped',
      collector: 'slow',
      message: 'tick skipped: the previous round is still running, and waits for slow',
    },
  ])
  t.equal(lines.length, 1)
})

t.test('and one when they are over, with how many and for how long', async (t) => {
  const { skips, lines } = recorded()
  for (const now of [0, 1000]) skips.skipped(now, [])
  for (const now of [2000, 3000, 4000]) skips.kept(now, 1)
  t.equal(lines.length, 2)
  t.match(lines[1], {
    event: 'caught-up',
    durationSeconds: 2,
    ticks: 2,
    message: 'ticks are kept again after 2.00 s; skipped ticks: 2',
  })
})

t.test('a round that is too long each time is one incident, though ticks are kept between', async (t) => {
  const { skips, lines } = recorded()
  for (let tick = 0; tick < 40; tick++) {
    if (tick % 5 === 0) skips.skipped(tick * 1000, ['slow'])
    else skips.kept(tick * 1000, 5)
  }
  t.equal(lines.length, 1)
})

t.test('a tick that is kept says nothing where none was skipped', async (t) => {
  const { skips, lines } = recorded()
  skips.kept(0, 1)
  t.strictSame(lines, [])
})
