import t from 'tap'
import { type Frame, flame } from '../../../src/html/flame.ts'

const frame = (name: string, seconds: number, ...calls: Frame[]): Frame => ({
  name,
  place: `/app/src/${name}.ts:1`,
  seconds,
  calls: new Map(calls.map((call) => [call.name, call])),
})

const root = frame(
  'all',
  4,
  frame('render', 1, frame('escape<b>', 1)),
  frame('query', 3, frame('parse', 1.5)),
)
const boxes = (text: string) =>
  [
    ...text.matchAll(/focus=(\d+)#graph"><svg x="([\d.]+)%" y="(\d+)" width="([\d.]+)%"[^>]*><title>(.*?) /g),
  ].map(([, id, x, y, width, name]) => [name, Number(id), Number(x), Number(y) / 20, Number(width)])

t.test(
  'a frame is as wide as its share of the time, below the one that called it, the longest first',
  async (t) => {
    t.same(boxes(flame(root, 0).text), [
      ['all', 0, 0, 0, 100],
      ['query', 1, 0, 1, 75],
      ['parse', 2, 0, 2, 37.5],
      ['render', 3, 75, 1, 25],
      ['escape&lt;b&gt;', 4, 75, 2, 25],
    ])
  },
)

t.test('a frame that is looked at is as wide as the whole, below those that it came from', async (t) => {
  t.same(boxes(flame(root, 3).text), [
    ['all', 0, 0, 0, 100],
    ['render', 3, 0, 1, 100],
    ['escape&lt;b&gt;', 4, 0, 2, 100],
  ])
  t.same(boxes(flame(root, 99).text), boxes(flame(root, 0).text), 'one that there is not')
})
