import t from 'tap'
import { Endpoints } from '../../../plugins/db/endpoints.ts'
import { parseDatabaseUrl } from '../../../src/config/database-url.ts'
import type { SessionAttrs } from '../../../src/config/session-attrs.ts'
import type { Standing } from '../../../src/query/db.ts'

const PRIMARY: Standing = { inRecovery: false, readOnly: false, lag: 0, server: null }
const STANDBY: Standing = { inRecovery: true, readOnly: false, lag: 0, server: null }
const LIMITS = { maxLag: 30_000, staleAfter: 600_000 }
const NONE = new Map()

/** Three endpoints: a is a primary, b is a standby, c has not been asked. */
function endpointsOf(attrs: SessionAttrs) {
  const url = parseDatabaseUrl(`postgres://reader:secret@a,b,c/shop?target_session_attrs=${attrs}`)
  const endpoints = new Endpoints(url, LIMITS)
  for (const endpoint of url.endpoints) {
    if (endpoint.host === 'a') endpoints.markUp(endpoint, PRIMARY)
    if (endpoint.host === 'b') endpoints.markUp(endpoint, STANDBY)
  }
  const find = (host: string) => {
    const found = url.endpoints.find((endpoint) => endpoint.host === host)
    if (found === undefined) throw new Error(`there is no endpoint ${host}`)
    return found
  }
  const ranked = (avoid = NONE) => endpoints.ranked(avoid).map(({ host }) => host)
  return { endpoints, find, ranked }
}

for (const [attrs, order] of [
  ['any', ['a', 'b', 'c']],
  ['primary', ['a', 'b', 'c']],
  ['read-write', ['a', 'b', 'c']],
  ['standby', ['b', 'a', 'c']],
  ['read-only', ['b', 'a', 'c']],
  ['prefer-standby', ['b', 'a', 'c']],
] as const) {
  t.test(`for target_session_attrs=${attrs} the order is ${order.join(', ')}`, async (t) => {
    t.same(endpointsOf(attrs).ranked(), order)
  })
}

t.test('among endpoints that are equally fit the current one is the first', async (t) => {
  const { endpoints, find, ranked } = endpointsOf('any')
  endpoints.use(find('b'), { within: null, server: null }, 0)
  t.same(ranked(), ['b', 'a', 'c'])
  endpoints.forgetCurrent()
  t.same(ranked(), ['a', 'b', 'c'])
})

t.test('the current one is not the first where another is fitter', async (t) => {
  const { endpoints, find, ranked } = endpointsOf('prefer-standby')
  endpoints.use(find('a'), { within: null, server: null }, 0)
  t.same(ranked(), ['b', 'a', 'c'])
})

t.test('an endpoint to avoid is left out', async (t) => {
  const { find, ranked } = endpointsOf('any')
  t.same(ranked(new Map([[find('a'), new Error('lost')]])), ['b', 'c'])
})

t.test('an endpoint that is lost is down with the reason, and not current any more', async (t) => {
  const { endpoints, find } = endpointsOf('any')
  endpoints.use(find('a'), { within: null, server: null }, 0)
  endpoints.markLost(find('b'), new Error('cut'))
  t.equal(endpoints.current, find('a'), 'another one stays current')
  endpoints.markLost(find('a'), new Error('cut'))
  t.equal(endpoints.current, undefined)
  t.equal(endpoints.votes, 0)
  t.same(endpoints.errors, ['a:5432: cut', 'b:5432: cut'])
})
