import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ALERTMANAGER } from '../alertmanager.ts'
import { createDatabase } from '../database.ts'
import { Gate, urlOf } from '../gate.ts'
import { spawnService } from '../process.ts'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'
import { nameOf, watchOnCall } from './notifications.ts'

const skip = lacks(ALERTMANAGER, 'prometheus-alertmanager') || lacks('prometheus', 'prometheus')

t.test('amtool has nothing to say about the configuration of Alertmanager', { skip }, async (t) => {
  const { status, stdout, stderr } = spawnSync(
    'amtool',
    ['check-config', 'deploy/alertmanager/alertmanager.yml'],
    { cwd: ROOT, encoding: 'utf8' },
  )
  t.equal(status, 0, stdout + stderr)
})

t.test(
  'one database of two that is down is one notification, to those who are on call',
  { skip },
  async (t) => {
    const [eu, us] = [await createDatabase(t), await createDatabase(t)]
    const gate = await Gate.start(t, eu.url)
    const service = await spawnService(t, {
      DATABASE_URL: `eu=${urlOf(eu.url, [gate])} us=${us.url}`,
      METRICS_TICK_DURATION: '1s',
      COLLECTORS: 'destinations,connections,installations',
    })
    await service.said('database quorum reached', 2)
    const { notified, told } = await watchOnCall(t, new URL(service.url).host)
    const since = performance.now()
    await gate.down()
    await told('DatabaseDown eu', 'firing', since)
    t.same(
      notified.filter(({ at }) => at >= since).map((one) => `${one.receiver}: ${nameOf(one)}`),
      ['on-call: DatabaseDown eu'],
    )
  },
)
