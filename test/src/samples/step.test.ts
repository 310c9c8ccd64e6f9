import t from 'tap'
import { stillZero } from '../../../src/samples/step.ts'

const MINUTE = 60_000

t.test('a label set that is new is at 0', async (t) => {
  t.ok(stillZero(undefined, { published: undefined, scraped: undefined, now: 0 }))
  t.ok(stillZero(undefined, { published: 1, scraped: 2, now: 3 }))
})

t.test('it is at 0 until a scrape has had a page with the 0', async (t) => {
  const first = stillZero(undefined, { published: 100, scraped: 150, now: 200 })
  // Published at 210. The scrape of 150 had a page from before.
  const second = stillZero({ zero: first }, { published: 210, scraped: 150, now: 300 })
  t.ok(second !== undefined)
  const third = stillZero({ zero: second }, { published: 310, scraped: 150, now: 400 })
  t.ok(third !== undefined)
  t.equal(stillZero({ zero: third }, { published: 410, scraped: 220, now: 500 }), undefined)
})

t.test('it leaves the 0 after five minutes though nobody scrapes', async (t) => {
  const seen = (now: number) => ({ published: 10, scraped: undefined, now })
  const zero = stillZero({ zero: stillZero(undefined, seen(0)) }, seen(20))
  t.ok(stillZero({ zero }, seen(5 * MINUTE)) !== undefined)
  t.equal(stillZero({ zero }, seen(5 * MINUTE + 11)), undefined)
})

t.test('a run that failed publishes nothing', async (t) => {
  const failed = stillZero(undefined, undefined)
  t.equal(stillZero({ zero: failed }, undefined), failed)
  t.equal(
    stillZero({ zero: failed }, { published: 1, scraped: 2, now: 3 }),
    stillZero(undefined, { published: 1, scraped: 2, now: 3 }),
    'it is new to the next run',
  )
})

t.test('one that has left its 0 never returns to it', async (t) => {
  t.equal(stillZero({ zero: undefined }, { published: 1, scraped: undefined, now: 2 }), undefined)
})
