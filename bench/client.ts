import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client'
import { answer } from './answer.ts'
import { PLANS } from './series.ts'

// How an application serves its metrics with the official client: rendered and compressed for each scrape.

const series = Number(process.argv[2])
const compress = promisify(zlib.gzip)
const registry = new Registry()
collectDefaultMetrics({ register: registry })
const gauge = new Gauge({
  name: 'business_customer_value',
  help: 'What a customer is worth.',
  labelNames: ['customer', 'plan'],
  registers: [registry],
})
for (let n = 1; n <= series; n++) {
  gauge.set({ customer: `customer-${n}`, plan: PLANS[n % PLANS.length] ?? '' }, (n * 7919) % 1000003)
}

const server = http.createServer(async (request, response) => {
  const page = await registry.metrics()
  response.setHeader('content-type', registry.contentType)
  if (request.headers['accept-encoding'] !== 'gzip') return response.end(page)
  response.setHeader('content-encoding', 'gzip')
  response.end(await compress(page))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
answer({ port }, async () => ({}))
