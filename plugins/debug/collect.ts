import type { FastifyInstance } from 'fastify'

/** POST /debug/collect: a round now, of all collectors or of the one that `collector` names. */
export async function collect(debug: FastifyInstance, { app }: { app: FastifyInstance }): Promise<void> {
  debug.post<{ Querystring: { collector?: string } }>('/debug/collect', async (request, reply) => {
    const { collector: name } = request.query
    const { list } = app.collectors
    const asked = list.filter(({ collector }) => name === undefined || collector.name === name)
    if (asked.length === 0) {
      const names = list.map(({ collector }) => collector.name).join(', ')
      return reply.code(404).send({ error: `there is no collector "${name}"; the collectors are ${names}` })
    }
    if (!app.db.quorate) {
      return reply.code(503).send({ error: 'the service still waits for the database quorum' })
    }
    if (app.round.progress !== undefined) {
      return reply.code(409).send({ error: 'a round is running: wait until it has ended' })
    }
    void app.round.run(app.ticker.tick, asked)
    // A browser that sent a form shows what comes of it; whoever else asked is told.
    if (request.headers.accept?.includes('text/html')) {
      return reply.redirect(name === undefined ? '/debug' : `/debug/collectors/${name}`, 303)
    }
    return reply.code(202).send({ collectors: asked.map(({ collector }) => collector.name) })
  })
}
