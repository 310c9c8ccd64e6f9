import t from 'tap'
import { strip } from '../../../src/html/strip.ts'
import { LEVELS } from '../../../src/round/history.ts'

const MINUTE = 60_000

t.test('each level has a shape of its own, so that it can be told without its colour', async (t) => {
  const shapes = LEVELS.filter((level) => level !== 'none').map(
    (level) => / d="(M0 [^"]*)"\/><\/svg>/.exec(strip([{ level, seconds: 0.05 }], MINUTE).text)?.[1],
  )
  t.equal(new Set(shapes).size, 5)
  t.notOk(shapes.includes(undefined))
})

t.test('spans that look the same are one piece, so that a page of many collectors stays small', async (t) => {
  const cells = Array.from({ length: 60 }, () => ({ level: 'ok' as const, seconds: 0.02 }))
  const { text } = strip(cells, MINUTE)
  t.equal(text.match(/h60v\d+h-60/g)?.length, 1)
  t.ok(text.length < 350, `${text.length} characters`)
})

t.test('a strip says what it shows to a reader who cannot see it', async (t) => {
  const { text } = strip(
    [
      { level: 'ok', seconds: 0.02 },
      { level: 'failed', seconds: 3 },
      { level: 'none', seconds: 0 },
    ],
    MINUTE,
  )
  t.match(text, 'aria-label="1 ok, 1 failed; 3.00 s at most"')
})
