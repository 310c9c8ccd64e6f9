import t, { type Test } from 'tap'
import { poll } from '../poll.ts'
import { lacks } from '../program.ts'
import { Availability } from './availability.ts'
import { Cluster } from './cluster.ts'
import { FAULTS } from './faults.ts'
import { writeTo } from './primary.ts'
import { Reader } from './reader.ts'
import { onServer } from './session.ts'
import { Writer } from './writer.ts'

t.setTimeout(600_000)

/** How many rows each writer has to have tried before a fault, so that there is something to lose. */
const ROWS = 5

const skip =
  lacks('patroni', 'patroni') ||
  lacks('etcd', 'etcd-server') ||
  lacks('haproxy', 'haproxy') ||
  lacks('pg_ctlcluster', 'postgresql')

t.test('through all that befalls a cluster of Patroni', { skip }, async (t) => {
  const cluster = await Cluster.start(t)
  const urls = cluster.members.map(({ endpoint }) => cluster.url([endpoint]))
  await writeTo(cluster, (sql) =>
    sql.unsafe(`
      CREATE TABLE IF NOT EXISTS epochs (number integer PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS written (
        id          text        PRIMARY KEY,
        writer      text        NOT NULL,
        create_time timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX IF NOT EXISTS written_create_time ON written (create_time)`),
  )

  const hosts = cluster.members.map(({ endpoint }) => endpoint)
  // Of HAProxy, too: until it has checked three times, it leads to a primary that has become a standby.
  const options = '?connect_timeout=1&target_session_attrs=primary'
  const readers = [
    await Reader.start(t, 'three hosts', cluster.url(hosts, options), Availability.watch(t, urls)),
    await Reader.start(
      t,
      'HAProxy',
      cluster.url([cluster.haproxy], options),
      Availability.watch(t, [cluster.url([cluster.haproxy])]),
    ),
  ]
  const writers = ['a', 'b', 'c'].map((name) => new Writer(t, name, urls))

  for (const [i, { title, befall, repair }] of FAULTS.entries()) {
    await t.test(`${title} stops no scrape, and a round no longer than the cluster`, async (t) => {
      const epoch = i + 1
      const leader = await cluster.whole()
      const written = writers.map(({ acknowledged }) => acknowledged.length)
      await poll(
        () => writers.map(({ acknowledged }, w) => acknowledged.length - (written[w] ?? 0)),
        (counts) => counts.every((count) => count >= ROWS),
      )
      const began = performance.now()
      await befall(cluster, leader)
      const next = await writeTo(
        cluster,
        (sql) => sql`INSERT INTO epochs VALUES (${epoch}) ON CONFLICT DO NOTHING`,
      )
      t.comment(`from ${leader.name} to ${next.name} in ${Math.round(performance.now() - began)} ms`)
      const pages = await Promise.all(readers.map((reader) => reader.fresh()))
      for (const [r, samples] of pages.entries()) {
        const name = readers[r]?.name
        t.equal(samples.get('business_epoch'), epoch, `${name} reads what the new primary wrote`)
        t.equal(samples.get('business_port'), next.port, `${name} reads the new primary`)
      }
      const read = performance.now()
      repair?.(leader)
      await cluster.whole()
      await Promise.all(readers.map((reader) => reader.fresh()))
      for (const reader of readers) {
        reader.prompt(t, began)
        t.same(
          reader.changes('business_epoch', began),
          [epoch - 1, epoch],
          `${reader.name} goes back to no other server`,
        )
        t.same(reader.changes('business_in_recovery', began), [0], `${reader.name} reads no standby`)
        t.same(reader.changes('business_port', read), [next.port], `${reader.name} stays with it`)
      }
    })
  }

  await t.test('its counters are what SQL counts at the end', async (t) => {
    await Promise.all(writers.map((writer) => writer.end()))
    const leader = await cluster.whole()
    await count(t, cluster.url([leader.endpoint]), writers, readers)
  })
  for (const reader of readers) await reader.end(t)
})

/** Checks that no acknowledged row was lost, and that each reader counted those that there are. */
async function count(
  t: Test,
  url: string,
  writers: readonly Writer[],
  readers: readonly Reader[],
): Promise<void> {
  const rows = await onServer(
    url,
    (sql) => sql<{ id: string; writer: string }[]>`SELECT id, writer FROM written`,
  )
  const ids = new Set(rows.map(({ id }) => id))
  const pages = await Promise.all(readers.map((reader) => reader.fresh()))
  for (const { name, acknowledged, tried } of writers) {
    const lost = acknowledged.filter((id) => !ids.has(id))
    t.same(
      lost,
      [],
      `the cluster has each of the ${acknowledged.length} rows that it acknowledged of ${tried}`,
    )
    const there = rows.filter(({ writer }) => writer === name).length
    for (const [r, samples] of pages.entries()) {
      const counted = samples.get(`business_rows_written_total{writer="${name}"}`)
      t.equal(counted, there, `${readers[r]?.name} counted the rows of ${name}`)
    }
  }
}
