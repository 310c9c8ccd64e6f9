import type { Test } from 'tap'
import { shippedFiles } from '../../demo/prometheus.ts'
import { seed } from '../../demo/seed.ts'
import { startTraffic } from '../../demo/traffic.ts'
import { createDatabase } from '../database.ts'
import { spawnService } from '../process.ts'
import { type PrometheusClient, watchWithPrometheus } from '../prometheus.ts'

/**
 * A Prometheus with the shipped configuration and rules, but for its intervals of a second, that scrapes the service on
 * the demo's data and traffic. Resolves when operations have been seen to finish.
 */
export async function watchDemo(t: Test): Promise<PrometheusClient> {
  const { url, sql } = await createDatabase(t)
  await seed(sql, { operations: 2000 })
  // With an election, a state and a name of the database, because some metrics and labels are only there then.
  const env = {
    DATABASE_URL: `shop=${url}`,
    METRICS_TICK_DURATION: '1s',
    LEADER_ELECTION: 'true',
    STATE_URL: url,
  }
  const service = await spawnService(t, env)
  await service.said('metrics on')
  const traffic = startTraffic(url, { perSecond: 50 })
  t.teardown(() => traffic.stop())
  const shipped = await shippedFiles(new URL(service.url).host)
  const config = shipped['prometheus.yml']?.replaceAll('30s', '1s') ?? ''
  const prometheus = await watchWithPrometheus(t, { ...shipped, 'prometheus.yml': config })
  await prometheus.until(
    async () =>
      ((await prometheus.value('job:business_operations_successes_per_completed:ratio_rate15m')) ?? 0) > 0,
  )
  return prometheus
}
