import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { answer } from './answer.ts'

// A server that knows nothing: it sends what the page of the service was when it started, with the same headers.

const [url = ''] = process.argv.slice(2)
/** Headers that node:http writes by itself. */
const OWN = ['date', 'connection', 'keep-alive']

async function copy(encoding: string) {
  const request = http.get(url, { headers: { 'accept-encoding': encoding } })
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response?.statusCode !== 200) throw new Error(`${url}: ${response?.statusCode}`)
  const headers = Object.entries(response.headers).filter(([name]) => !OWN.includes(name))
  return { headers: Object.fromEntries(headers), body: await buffer(response) }
}

const [identity, gzip] = [await copy('identity'), await copy('gzip')]
const server = http.createServer((request, response) => {
  const { headers, body } = request.headers['accept-encoding'] === 'gzip' ? gzip : identity
  response.writeHead(200, headers)
  response.end(body)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
answer({ port }, async () => ({}))
