import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import type { Pages } from '../../../plugins/page/pages.ts'
import type { Format } from '../../../src/page/syntax.ts'
import { samplesOf } from '../../exposition.ts'
import { event, World } from './world.ts'

async function scrape(pages: Pages, format: Format, gzip: boolean): Promise<string> {
  // A page is shared for a second.
  pages.publish()
  const body = Buffer.concat((await pages.body(format, gzip)).pieces)
  return String(gzip ? gunzipSync(body) : body)
}

/** The names of the families in the order of their lines: each is there once when its samples are together. */
function familiesOf(page: string): string[] {
  const names = page
    .split('\n')
    .filter((line) => /^(# TYPE |[a-z])/.test(line))
    .map((line) => /^(?:# TYPE )?([a-z_\d]+?)(?:_bucket|_sum|_count|_total)?[ {]/.exec(line)?.[1] ?? '')
  return names.filter((name, i) => name !== names[i - 1])
}

t.test('whatever happens between scrapes, the page shows what there is, in each form', async () => {
  const scraped = fc.record({ format: fc.constantFrom<Format>('text', 'openmetrics'), gzip: fc.boolean() })
  const step = fc.record({ events: fc.array(event, { maxLength: 4 }), form: scraped })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const world = new World()
      for (const { events, form } of steps) {
        for (const event of events) await world.happen(event)
        const page = await scrape(world.pages, form.format, form.gzip)
        const [found, expected] = [samplesOf(page), await world.expected()]
        found.delete([...found.keys()].find((name) => name.startsWith('metrics_service_build_info')) ?? '')
        for (const [name, value] of expected) {
          const written = form.format === 'text' ? name : name.replace(/le="(\d+)"/, 'le="$1.0"')
          if (found.get(written) !== value)
            throw new Error(`${written} is ${found.get(written)} and not ${value}`)
          found.delete(written)
        }
        if (found.size > 0) throw new Error(`the page has also ${[...found.keys()]}`)
        const families = familiesOf(page)
        if (new Set(families).size !== families.length) throw new Error(`a family is in pieces: ${families}`)
      }
    }),
    { numRuns: 40 },
  )
})

t.test('what has not changed is not written again', async (t) => {
  const world = new World()
  const parts = () => world.self.parts('text', performance.now())
  const first = await parts()
  t.ok(first.length > 4)
  const again = await parts()
  t.ok(again.every((part, i) => part === first[i]))
  await world.happen({ kind: 'skip', place: 2, collector: 0, amount: 1 })
  const after = await parts()
  t.equal(
    after.filter((part, i) => part !== first[i]).length,
    1,
    'only the part with the one sample that changed',
  )
})

t.test('what happens while a page is made is not on it', async (t) => {
  const world = new World()
  const making = scrape(world.pages, 'text', true)
  await world.happen({ kind: 'skip', place: 3, collector: 0, amount: 7 })
  world.self.observeRound('db3', false, 1)
  const before = samplesOf(await making)
  t.equal(before.get('collection_skipped_ticks_total{database="db3"}'), 0)
  t.equal(before.get('collection_duration_seconds_count{database="db3",result="success"}'), 0)
  const after = samplesOf(await scrape(world.pages, 'text', true))
  t.equal(after.get('collection_skipped_ticks_total{database="db3"}'), 7)
  t.equal(after.get('collection_duration_seconds_count{database="db3",result="success"}'), 1)
})
