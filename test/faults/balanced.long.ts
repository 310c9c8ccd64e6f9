import t from 'tap'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { startService } from '../service.ts'
import { startBalancer } from './balancer.ts'
import { client, createServer } from './server.ts'

const readers = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
  defineCollector({
    name,
    labels: { server: open(9) },
    metrics: { [`business_${name}`]: gauge('One.') },
    query: (sql) => sql`
      SELECT current_setting('port') AS server, 1 AS ${sql(`business_${name}`)}
        FROM pg_sleep(0.3)`,
  }),
)

t.test('behind an address of two servers no collector fails, and a round reads one of them', async (t) => {
  const [first, second] = [await createServer(t), await createServer(t)]
  const url = new URL(first.url)
  await client(t, second.url).unsafe(`ALTER ROLE postgres PASSWORD '${url.password}'`)
  let connections = 0
  url.port = String(await startBalancer(t, () => (connections++ % 2 === 0 ? first : second).port))
  const { round, scrape, log } = await startService(t, { DATABASE_URL: url.href }, { collectors: readers })
  for (let rounds = 0; rounds < 4; rounds++) {
    const samples = await scrape()
    t.equal(samples.get('collection_duration_seconds_count{result="failure"}'), 0)
    const servers = [...samples.keys()].flatMap((key) => /^business_.*server="(.*)"/.exec(key)?.[1] ?? [])
    t.equal(servers.length, 6)
    t.equal(new Set(servers).size, 1)
    await round()
  }
  const told = log.filter(({ level }) => level !== 'info')
  t.equal(told.length, 1, 'it is said once')
  t.match(told[0]?.msg, /^snapshots cannot be shared, so collectors run one after another: .*snapshot/)
})
