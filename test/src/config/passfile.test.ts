import t from 'tap'
import { passwordFor } from '../../../src/config/passfile.ts'

const FILE = String.raw`# db:5432:shop:metrics:comment
db:5432:shop:metrics:first
db:5432:shop:metrics:second
db:*:*:other:with\:colon and \\
*:5433:shop:metrics:any host
\:\:1:5432:shop:me\\us:six:rest is left out
broken:5432:shop:metrics
empty:5432:shop:metrics:
`

for (const [host, port, database, user, password] of [
  ['db', 5432, 'shop', 'metrics', 'first'],
  ['db', 1, 'any', 'other', String.raw`with:colon and \ `.trimEnd()],
  ['elsewhere', 5433, 'shop', 'metrics', 'any host'],
  ['::1', 5432, 'shop', String.raw`me\us`, 'six'],
  ['db', 5434, 'shop', 'metrics', undefined],
  ['DB', 5432, 'shop', 'metrics', undefined],
  ['broken', 5432, 'shop', 'metrics', undefined],
  ['empty', 5432, 'shop', 'metrics', ''],
  ['# db', 5432, 'shop', 'metrics', undefined],
] as const) {
  t.test(`${user} at ${host}:${port} has the password ${password}`, async (t) => {
    t.equal(passwordFor(FILE, host, port, database, user), password)
    t.equal(passwordFor(FILE.replaceAll('\n', '\r\n'), host, port, database, user), password, 'with CRLF')
  })
}
