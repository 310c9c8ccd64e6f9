import Fastify, { LogController } from 'fastify'
import fp from 'fastify-plugin'
import { describeError } from '../src/error.ts'

/** The second listener, for whoever is on the machine: what each collector did last. */
export default fp(
  async (app) => {
    const { DEBUG_HOST: host, DEBUG_PORT: port, METRICS_TICK_DURATION: tickDuration } = app.config
    if (port === 0) return
    const debug = Fastify({
      loggerInstance: app.log,
      logController: new LogController({ disableRequestLogging: true }),
    })

    debug.get('/debug/collectors', async () => {
      const { tick, tickedAt } = app.ticker
      return app.collectors.list.map((status) => {
        const { collector, last, lastSuccess, error } = status
        const nextTick = (tickedAt ?? 0) + tickDuration * Math.max(status.ticksUntilDue(tick), 1)
        return {
          name: collector.name,
          outcome: last === undefined ? null : error === undefined ? 'success' : 'failure',
          durationSeconds: last?.seconds ?? null,
          series: status.shown(performance.now()).series,
          lastSuccess: lastSuccess === undefined ? null : new Date(lastSuccess.time * 1000).toISOString(),
          nextDue: tickedAt === undefined ? null : new Date(nextTick).toISOString(),
          lastError: error === undefined ? null : describeError(error),
        }
      })
    })

    app.addHook('onReady', async () => {
      await debug.listen({
        host,
        port,
        listenTextResolver: (address) => `debug on ${address}/debug/collectors`,
      })
    })
    app.addHook('onClose', () => debug.close())
  },
  { name: 'debug', dependencies: ['config', 'collectors', 'scheduler'] },
)
