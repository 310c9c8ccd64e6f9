// POST /debug/pause and POST /debug/resume. Imports src/ only.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

type App = Pick<FastifyInstance, 'pause' | 'paused' | 'resume'>

/** The answer to who asks for a query meanwhile. */
export const PAUSED = { error: 'collection is paused: POST /debug/resume first' }

/** Serves POST /debug/pause, which answers when no query runs any more, and POST /debug/resume. */
export async function pause(debug: FastifyInstance, { app }: { app: App }): Promise<void> {
  debug.post('/debug/pause', async (request, reply) => {
    await app.pause()
    return answer(request, reply)
  })

  debug.post('/debug/resume', async (request, reply) => {
    app.resume()
    return answer(request, reply)
  })

  function answer({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (headers.accept?.includes('text/html')) return reply.redirect('/debug', 303)
    const { paused } = app
    return reply.send({ paused: paused === undefined ? null : new Date(paused).toISOString() })
  }
}
