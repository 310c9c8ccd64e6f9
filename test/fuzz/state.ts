import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Fastify from 'fastify'
import { StateFile } from '../../plugins/state/file.ts'
import { FileStore } from '../../plugins/state/file-store.ts'
import { openState } from '../../plugins/state.ts'
import { counter, defineCollector, histogram, open } from '../../src/collector.ts'
import { Collectors } from '../../src/round/collectors.ts'
import { encodeState, saveWindow } from '../../src/samples/saved-window.ts'
import { advanceWindow, shownSets, startWindow, type WindowState } from '../../src/samples/window.ts'
import { later, parseMoment } from '../../src/time/moment.ts'
import { finish } from '../../src/time/slices.ts'
import { mutated } from './mutation.ts'
import { fuzz } from './property.ts'

// State files: each is refused, or what is on the page goes on from it and never falls.

const NOW = parseMoment('2026-01-02T03:04:05.678901Z')
const { collector } = defineCollector({
  name: 'things',
  labels: { provider: open(9), state: ['new', 'old'] },
  metrics: { things_total: counter('Things ever.'), seconds: histogram('Seconds.', [1, 5]) },
  window: { settle: '2m' },
  query: (sql) => sql`SELECT 1`,
})

/** A run that counts a little. */
function advance(state: WindowState): WindowState {
  const sealed = [{ labels: ['a', 'new'], values: [1, [0, 0, 1, 0.1]] }]
  const rows = { sealedTo: later(state.sealedTo, 60_000), sealed, open: sealed }
  return finish(advanceWindow(collector, state, rows, 1000, { published: 0, scraped: 1, now: 1 })).state
}

const counted = finish(
  advanceWindow(
    collector,
    startWindow(collector, NOW),
    {
      sealedTo: later(NOW, 60_000.001),
      sealed: [
        { labels: ['a', 'new'], values: [2 ** 53, [1, 2, 3, 4.25]] },
        { labels: ['Ünïcødé "quoted"\n', 'old'], values: [7, [0, 0, 1, 1e21]] },
      ],
      open: [],
    },
    1000,
    { published: 0, scraped: 1, now: 1 },
  ),
).state
const text = encodeState({ things: saveWindow(collector, counted, Date.parse('2026-01-02T03:05:06.789Z')) })

/** Values that a field may have instead of its own. */
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    -1,
    1e308,
    2 ** 60,
    0.5,
    -0,
    '-1',
    '1e999',
    '9'.repeat(400),
    '1'.repeat(1999),
    '007',
    'NaN',
    '',
    null,
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

/** The same state with other values at some places, by structure. */
const structures = fc.array(fc.tuple(fc.nat(), strange, fc.boolean()), { maxLength: 4 }).map((changes) => {
  const root: unknown = JSON.parse(text)
  for (const [place, value, remove] of changes) {
    const places = placesOf(root)
    const [object, key] = places[place % places.length] ?? []
    if (object === undefined || key === undefined) continue
    if (remove) Reflect.deleteProperty(object, key)
    else Reflect.set(object, key, value)
  }
  return JSON.stringify(root)
})

/** Every property of what JSON holds, with its object. */
function placesOf(value: unknown): [object: object, key: string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [[value, key], ...placesOf(inner)])
}

const dir = mkdtempSync(join(tmpdir(), 'metrics-service-fuzz-'))
process.on('exit', () => rmSync(dir, { recursive: true }))
const file = join(dir, 'state.json')
const { log } = Fastify()
const HOUR = 3_600_000

/** What the service goes on from when it starts with a file. */
async function load(given: string): Promise<WindowState | undefined> {
  writeFileSync(file, given)
  const collectors = new Collectors({ database: undefined, tick: 60_000, timeout: 30_000, staleAfter: HOUR })
  collectors.add(collector)
  const store = new FileStore(new StateFile(file))
  await openState({ store, maxAge: 24 * HOUR, collectors, elected: false, log }).open(1)
  return collectors.list[0]?.window
}

/** The numbers that the page shows of a window, by the labels of each set that the collector may have. */
function shown(window: WindowState): Map<string, readonly number[]> {
  const sets = shownSets(window).filter(({ labels }) =>
    collector.labels.every(({ values }, i) => values?.includes(labels[i] ?? '') ?? true),
  )
  return new Map(sets.map(({ labels, values }) => [JSON.stringify(labels), values.flat().map(Number)]))
}

if ((await load(text)) === undefined) throw new Error('a true state is not taken')

await fuzz('state', fc.oneof(structures, mutated([text]), fc.string({ unit: 'binary' })), async (given) => {
  const restored = await load(given)
  if (restored === undefined) return
  const after = shown(advance(advance(restored)))
  for (const [labels, numbers] of shown(restored)) {
    for (const [i, number] of numbers.entries()) {
      const next = after.get(labels)?.[i] ?? Number.NaN
      if (!Number.isFinite(number) || number < 0) throw new Error(`${labels} is restored with ${number}`)
      if (!(next >= number && Number.isFinite(next)))
        throw new Error(`${labels} goes from ${number} to ${next}`)
    }
  }
})
