import { copyFileSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Environment } from '../../src/config/read.ts'
import { certificate } from '../certificate.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

// A file of TLS that is empty or has something else in it: nobody is locked out, or let in, without a word.

const skip = lacks('openssl', 'openssl')

function files(t: Test) {
  const folder = t.testdir({ empty: '', garbage: 'no certificate\n' })
  const authority = certificate(folder, 'authority', 'DNS:authority')
  const server = certificate(folder, 'server', 'DNS:localhost', 'authority')
  const friend = certificate(folder, 'friend', 'DNS:friend', 'authority')
  const broken = join(folder, 'broken')
  writeFileSync(broken, readFileSync(authority.cert, 'utf8').replace(/\n..../, '\nAAAA'))
  const env = { TLS_CERT_FILE: server.cert, TLS_KEY_FILE: server.key, TLS_CLIENT_CA_FILE: authority.cert }
  const path = (name: string) => join(folder, name)
  return { folder, friend, env, empty: path('empty'), garbage: path('garbage'), broken }
}

t.test('a file of TLS that has not what its variable takes is an error at start', { skip }, async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { env, empty, garbage, broken, friend } = files(t)
  const cases: Environment[] = [
    ...[empty, garbage, broken, friend.key].map((file) => ({ TLS_CLIENT_CA_FILE: file })),
    ...[empty, garbage, broken, friend.key].map((file) => ({ TLS_CERT_FILE: file })),
    ...[empty, garbage, friend.cert, friend.key].map((file) => ({ TLS_KEY_FILE: file })),
  ]
  for (const wrong of cases) {
    const [[name = '', file = ''] = []] = Object.entries(wrong)
    const message = await startService(t, { DATABASE_URL: url, ...env, ...wrong }, { start: false }).then(
      () => 'it starts',
      (error) => error.message,
    )
    t.match(message, `${name} is "${file}": `)
  }
})

t.test(
  'a file of the clients’ CAs that is renewed with nothing leaves the one before in use',
  { skip },
  async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const { env, empty, garbage, friend } = files(t)
    const { app, log } = await startService(t, { DATABASE_URL: url, ...env })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const options = {
      host: 'localhost',
      port,
      path: '/metrics',
      agent: false,
      ca: readFileSync(env.TLS_CLIENT_CA_FILE),
      cert: readFileSync(friend.cert),
      key: readFileSync(friend.key),
    }
    const status = () =>
      new Promise((resolve, reject) => {
        const request = https.get(options, (response) =>
          response.resume().on('end', () => resolve(response.statusCode)),
        )
        request.on('error', reject)
      })
    const authority = join(empty, '../authority.crt.before')
    copyFileSync(env.TLS_CLIENT_CA_FILE, authority)
    const warnings = () =>
      log.filter(({ msg }) => /^TLS certificate cannot be reloaded; .* TLS_CLIENT_CA_FILE is /.test(msg))
    let seconds = statSync(authority).mtimeMs / 1000
    for (const [i, file] of [empty, garbage].entries()) {
      copyFileSync(file, env.TLS_CLIENT_CA_FILE)
      // A renewal is told by the time of the file, which may have too few digits for two in a row.
      utimesSync(env.TLS_CLIENT_CA_FILE, ++seconds, seconds)
      await poll(
        async () => warnings().length,
        (count) => count > i,
      )
      t.equal(await status(), 200)
    }
    t.notOk(log.some(({ msg }) => msg === 'TLS certificate reloaded'))
  },
)
