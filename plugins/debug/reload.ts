// POST /debug/reload. Imports src/ only.
import type { FastifyInstance } from 'fastify'
import type { Reload } from '../../src/round/reload.ts'

/** Serves POST /debug/reload, which does what SIGHUP does, and answers when the folder of collectors was read. */
export async function reload(
  debug: FastifyInstance,
  { reload }: { reload: () => Promise<Reload> },
): Promise<void> {
  debug.post('/debug/reload', async (request, reply) => {
    const result = await reload()
    if (request.headers.accept?.includes('text/html')) return reply.redirect('/debug', 303)
    return reply.code(result.success ? 200 : 422).send(result)
  })
}
