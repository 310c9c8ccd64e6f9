import { join } from 'node:path'
import t from 'tap'
import type { Definition, WindowContext } from '../../../src/collector.ts'
import { ROOT } from '../../root.ts'
import { openEditor } from './editor.ts'

const PATH = join(ROOT, 'collectors/hovered.ts')
const TEXT = `import { counter, defineCollector, gauge, histogram, open, timestamp } from '../src/collector.ts'

export const state = defineCollector({
  name: 'state',
  metrics: { a: gauge('A.'), b: timestamp('B.') },
  query: (sql) => sql\`SELECT 1\`,
})

export default defineCollector({
  name: 'all',
  labels: { kind: open(20) },
  metrics: { c: counter('C.'), h: histogram('H.', [1, 2]) },
  databases: ['eu'],
  versions: '>=17',
  role: 'primary',
  interval: '5m',
  timeout: '20s',
  window: { settle: '2m' },
  query: (sql, { from, to, observe }) => sql\`SELECT \${observe('h', sql\`h\`)} \${from} \${to}\`,
})
`

/** For each thing that a collector is written with: what its hover has to say beside its type. */
const fields: Readonly<Record<keyof Definition, RegExp>> = {
  name: /hyphens/,
  labels: /list.*default.*one row/s,
  metrics: /gauge.*counter.*histogram.*timestamp/s,
  databases: /DATABASE_URL.*default.*all/s,
  versions: /conditions.*does not run.*default/s,
  role: /does not run.*default.*both/s,
  interval: /duration.*default.*METRICS_TICK_DURATION/s,
  timeout: /duration.*24h.*default.*COLLECTOR_TIMEOUT/s,
  window: /from 0.*default/s,
  query: /SELECT/,
}
const given: Readonly<Record<keyof WindowContext, RegExp>> = {
  from: /timestamptz.*not in the window/s,
  to: /timestamptz.*is in the window/s,
  observe: /bound.*unit/s,
}
const makers: Readonly<Record<string, RegExp>> = {
  defineCollector: /plugin.*Throws/s,
  open: /other.*example/s,
  gauge: /fold.*sum.*example/s,
  counter: /grows.*_total.*example/s,
  histogram: /inclusive.*example/s,
  timestamp: /seconds since 1970.*fold.*example/s,
}

t.test('an editor tells what everything that a collector is written with means', async (t) => {
  const editor = await openEditor(t, PATH, TEXT)
  const cases = [
    ...Object.entries(fields).map(([word, says]) => [word, 'export default', says] as const),
    ...Object.entries(given).map(([word, says]) => [word, '(sql, {', says] as const),
    ...Object.entries(makers).map(([word, says]) => [`${word}(`, 'export', says] as const),
    ['settle', 'window', /duration.*committed later/s] as const,
  ]
  for (const [word, after, says] of cases) {
    const shown = await editor.hover(word, after)
    const [, documentation = ''] = shown.split(/^```typescript\n.*?\n```\n/s)
    t.match(documentation, says, word)
  }
})
