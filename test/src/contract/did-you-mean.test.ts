import t from 'tap'
import { nearest } from '../../../src/config/nearest.ts'
import { checkNames } from '../../../src/contract/did-you-mean.ts'

const meant: [typed: string, known: string[], meant: string | undefined][] = [
  ['provder', ['status', 'provider'], 'provider'],
  ['providers', ['provider'], 'provider'],
  ['Provider', ['provider'], 'provider'],
  ['conections', ['connections', 'connections-trend'], 'connections'],
  ['a', ['b'], 'b'],
  ['region', ['provider', 'status'], undefined],
  ['a', ['bcd'], undefined],
  ['anything', [], undefined],
]
for (const [typed, known, name] of meant) {
  t.test(`of ${known.join(', ') || 'no names'}, "${typed}" means ${name ?? 'none'}`, async (t) => {
    t.equal(nearest(typed, known), name)
  })
}

t.test('names that are all known are accepted', async (t) => {
  t.doesNotThrow(() => checkNames('COLLECTORS names', ['things'], ['others', 'things']))
})

const unknown: [asked: string[], known: string[], message: string][] = [
  [['thing'], ['things'], 'COLLECTORS names "thing": did you mean "things"?; the collectors are things'],
  [['x', 'things', 'yy'], ['things'], 'COLLECTORS names "x", "yy"; the collectors are things'],
  [['x'], [], 'COLLECTORS names "x"; the collectors are none'],
]
for (const [asked, known, message] of unknown) {
  t.test(
    `of ${known.join(', ') || 'no collectors'}, asking for ${asked.join(', ')} is refused`,
    async (t) => {
      t.throws(() => checkNames('COLLECTORS names', asked, known), { message })
    },
  )
}
