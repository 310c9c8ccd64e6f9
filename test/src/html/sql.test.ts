import fc from 'fast-check'
import t from 'tap'
import { dedent, sql } from '../../../src/html/sql.ts'

t.test('SQL keeps its own indentation, and loses that of its file', async (t) => {
  t.equal(dedent('\n    SELECT 1\n      FROM a\n     WHERE b\n  '), 'SELECT 1\n  FROM a\n WHERE b')
  t.equal(dedent('SELECT 1\n      FROM a\n     WHERE b'), 'SELECT 1\n FROM a\nWHERE b')
})

t.test('keywords, texts and comments are set apart, and nothing in a text is a keyword', async (t) => {
  const { text } = sql(`SELECT 'from "where"' AS "order" -- of all\nfrom things`)
  t.equal(
    text,
    '<b>SELECT</b> <span class="q-text">&#39;from &quot;where&quot;&#39;</span> <b>AS</b> <span class="q-name">&quot;order&quot;</span> <span class="q-comment">-- of all</span>\n<b>from</b> things',
  )
})

t.test('whatever a statement is, its own text is all that is shown, escaped', async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`ab'"-/*$<>&\n ;E`) }), (statement) => {
      const shown = sql(`SELECT ${statement}`).text.replaceAll(/<\/?(?:b|span)(?: class="q-\w+")?>/g, '')
      return !/[<>]/.test(shown)
    }),
  )
})
