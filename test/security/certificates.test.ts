import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import type { Environment } from '../../src/config/read.ts'
import { certificate } from '../certificate.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { lacks } from '../program.ts'
import { startService } from '../service.ts'

// A file of TLS that is empty or has something else in it: nobody is locked out, or let in, without a word.

const skip = lacks('openssl', 'openssl')

function files(t: Test) {
  const folder = t.testdir({ empty: '', garbage: 'no certificate\n', collectors: {} })
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
    const warnings = () =>
      log.filter(({ msg }) => /^TLS certificate cannot be reloaded; .* TLS_CLIENT_CA_FILE is /.test(msg))
    for (const [i, file] of [empty, garbage].entries()) {
      copyFileSync(file, env.TLS_CLIENT_CA_FILE)
      await poll(
        async () => warnings().length,
        (count) => count > i,
      )
      t.equal(await status(), 200)
    }
    t.notOk(log.some(({ msg }) => msg === 'TLS certificate reloaded'))
  },
)

t.test('a certificate that is renewed while the service starts is taken up', { skip }, async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const { folder, env } = files(t)
  const renewed = certificate(folder, 'renewed', 'DNS:localhost', 'authority')
  let lines = 0
  const stream = new Writable({
    write(_line, _encoding, done) {
      // It has read the certificate before it says that it starts.
      if (lines++ === 0) {
        copyFileSync(renewed.key, env.TLS_KEY_FILE)
        copyFileSync(renewed.cert, env.TLS_CERT_FILE)
      }
      done()
    },
  })
  const app = await buildApp({
    env: { DATABASE_URL: url, METRICS_TICK_DURATION: '24h', DEBUG_PORT: '0', ...env },
    folder: join(folder, 'collectors'),
    logger: { stream },
  })
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const name = async () => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { CN } = socket.getPeerCertificate().subject
    socket.destroy()
    return CN
  }
  t.equal(await poll(name, (name) => name === 'renewed'), 'renewed')
})
