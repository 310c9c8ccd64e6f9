import t from 'tap'
import { culpritOf, remember } from '../../../src/contract/culprit.ts'

t.test(
  'an error that lost its context is that of the file in its stack, whatever its message names',
  async (t) => {
    const culprit = { file: 'a.ts' }
    remember('file:///collectors/a.ts?v=1', culprit)
    const error = new Error('imported from file:///elsewhere.ts')
    error.stack = `Error: ${error.message}\n    at run (node:timers:1:2)\n    at query (file:///collectors/a.ts?v=1:7:3)`
    t.equal(culpritOf(error), culprit)
    error.stack = `Error: ${error.message}\n    at file:///collectors/a.ts?v=2:7:3`
    t.equal(culpritOf(error), undefined)
  },
)
