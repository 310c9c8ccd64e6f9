import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { defineCollector, gauge, open } from '../../src/collector.ts'
import { startService } from '../service.ts'
import { client, createServer } from './server.ts'

/** An address that leads to these ports in turn, as that of a service in front of several replicas does. */
async function balance(t: Test, ports: readonly number[]): Promise<number> {
  let connections = 0
  const server = net.createServer((socket) => {
    const target = net.connect(ports[connections++ % ports.length] ?? 0, '127.0.0.1')
    for (const [from, to] of [[socket, target] as const, [target, socket] as const]) {
      from.pipe(to)
      from.on('error', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

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
  url.port = String(await balance(t, [first.port, second.port]))
  const { round, scrape, log } = await startService(t, { DATABASE_URL: url.href }, { collectors: readers })
  for (let rounds = 0; rounds < 4; rounds++) {
    const samples = await scrape()
    t.equal(samples.get('collection_duration_seconds_count{result="failure"}'), 0)
    const servers = [...samples.keys()].flatMap((key) => /^business_.*server="(.*)"/.exec(key)?.[1] ?? [])
    t.equal(servers.length, 6)
    t.equal(new Set(servers).size, 1)
    await round()
  }
  const told = log.filter(({ level }) => level > 30)
  t.equal(told.length, 1, 'it is said once')
  t.match(told[0]?.msg, /^snapshots cannot be shared, so collectors run one after another: .*snapshot/)
})
