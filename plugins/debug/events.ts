// GET /debug/events. Imports src/ only.
import type { FastifyInstance } from 'fastify'
import type { Events } from '../../src/round/events.ts'

/** Serves GET /debug/events: what has changed of late, the newest first. Times are in milliseconds since 1970. */
export async function events(debug: FastifyInstance, { events }: { events: Events }): Promise<void> {
  debug.get('/debug/events', async () => events.list())
}
