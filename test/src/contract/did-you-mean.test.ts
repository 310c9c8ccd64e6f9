import t from 'tap'
import { nearest } from '../../../src/contract/did-you-mean.ts'

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
