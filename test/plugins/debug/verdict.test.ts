import t from 'tap'
import { STATES } from './states.ts'

/** What a reader sees of HTML, in one line. */
const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ')
    .trim()

t.jobs = 2

// The others take seconds: states.slow.ts.
for (const name of ['healthy', 'failing', 'rejected', 'slow', 'down', 'waiting'] as const) {
  const { says, make } = STATES[name]
  t.test(`the debug page of a service that is ${name} says so first`, { buffered: true }, async (t) => {
    const shown = await make(t)
    const page = await (await fetch(`${shown.url}/debug`)).text()
    const verdict = textOf(/<section id="health"[^>]*>(.*?)<\/section>/s.exec(page)?.[1] ?? '')
    t.match(verdict, says)
    const title = /<title id="title">(.*?)<\/title>/.exec(page)?.[1]
    t.match(title, name === 'healthy' ? /^OK · shop-prod$/ : /^(?!OK).+ · shop-prod$/)
    t.match(
      page,
      `class="headline is-${{ healthy: 'ok', rejected: 'warn', slow: 'warn' }[name as string] ?? 'bad'}"`,
    )
  })
}

t.test(
  'the page lists collectors that fail first, draws the last round and marks rows with their hour',
  async (t) => {
    const { url } = await STATES.failing.make(t)
    const page = await (await fetch(`${url}/debug?search=par&state=failing`)).text()
    const rows = [...page.matchAll(/<tr role="row" id="([\w-]+)" data-place="\d+"( hidden)?>/g)].map(
      ([, id, hidden]) => [id, !hidden],
    )
    t.same(rows.slice(0, 5), [
      ['average', false],
      ['parcels', true],
      ['parcels-open', true],
      ['parcels-late', true],
      ['customers', false],
    ])
    t.match(page, 'name="state" value="failing" checked')
    t.match(page, /<td role="cell" class="c-strip" id="parcels.strip">.*class="h-failed"/s)
    t.match(page, /<ol class="waterfall">.*>average<.*class="w-failed"/s)
    t.match(page, /<ol class="events".*collector failed: division by zero/s)
  },
)
