import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import postgres from 'postgres'
import { answer } from './answer.ts'

// The least that a service of this kind is: Fastify with its metrics and a session of the database, and nothing else.

const app = Fastify()
await app.register(fastifyMetrics.default, { endpoint: '/metrics' })
const sql = postgres(process.argv[2] ?? '', { max: 1 })
await sql`SELECT 1`
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo
answer({ port }, async () => ({}))
