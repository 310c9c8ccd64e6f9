import fc from 'fast-check'
import t from 'tap'
import { html } from '../../../src/html/html.ts'

/** What a reader of HTML makes of the characters that replace others: https://html.spec.whatwg.org/#character-references */
const read = (text: string) =>
  text.replaceAll(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name as string] ?? '',
  )

t.test('any text is read as what it was, and ends no element and no attribute', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (given) => {
      const { text } = html`${given}`
      return read(text) === given && !/[<>"']/.test(text)
    }),
  )
})

t.test('pieces stay as they are, lists are joined, and undefined is nothing', async (t) => {
  const items = ['a & b', 'c'].map((item) => html`<li>${item}</li>`)
  t.equal(html`<ul>${items}</ul>${undefined}${7}`.text, '<ul><li>a &amp; b</li><li>c</li></ul>7')
})
