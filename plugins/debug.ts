import bearerAuth from '@fastify/bearer-auth'
import Fastify, { LogController } from 'fastify'
import fp from 'fastify-plugin'
import { describeError } from '../src/error.ts'

/** The second listener, for whoever is on the machine: what each collector did last. */
export default fp(
  async (app) => {
    const {
      DEBUG_HOST: host,
      DEBUG_PORT: port,
      DEBUG_TOKEN: token,
      METRICS_TICK_DURATION: tickDuration,
    } = app.config
    if (port === 0) return
    const debug = Fastify({
      loggerInstance: app.log,
      logController: new LogController({ disableRequestLogging: true }),
    })

    if (token !== undefined)
      await debug.register(bearerAuth, { keys: new Set([token]), verifyErrorLogLevel: 'debug' })

    debug.get('/debug/collectors', async () => {
      const { tick, nextTickAt } = app.ticker
      return app.collectors.list.map((status) => {
        const { collector, last, lastSuccess, error } = status
        const ticks = Math.max(status.ticksUntilDue(tick), 1)
        const nextDue = (nextTickAt ?? 0) + tickDuration * (ticks - 1)
        return {
          name: collector.name,
          outcome: last === undefined ? null : error === undefined ? 'success' : 'failure',
          durationSeconds: last?.seconds ?? null,
          backoffTicks: status.backoffTicks > 1 ? status.backoffTicks : 0,
          series: status.shown(performance.now()).series,
          lastSuccess: lastSuccess === undefined ? null : new Date(lastSuccess * 1000).toISOString(),
          nextDue: nextTickAt === undefined ? null : new Date(nextDue).toISOString(),
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
