import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createDatabase } from '../database.ts'
import { unharmed } from './process.ts'
import { Gallery, type Replica, startReplica, TICK } from './replica.ts'

const DATABASES = ['eu', 'us', 'ap']

/** Three replicas, each of which shows one of three databases, and all pages watched. */
async function startThree(t: Test) {
  const { url } = await createDatabase(t, { schema: false })
  const gallery = new Gallery(DATABASES)
  const watched = gallery.watch()
  t.teardown(async () => {
    gallery.end()
    await watched
  })
  const start = async () => {
    const replica = await startReplica(t, url, DATABASES)
    gallery.add(replica)
    return replica
  }
  const replicas = [await start(), await start(), await start()]
  await gallery.until(() => gallery.settled() && replicas.every((replica) => gallery.count(replica) === 1))
  gallery.begin()
  return { gallery, replicas, start, url }
}

/** Checks that no database was shown by two for longer than a tick, or by none for longer than two. */
function orderly(t: Test, { overlaps, gaps }: Gallery): void {
  for (const [database, overlap] of overlaps) {
    t.ok(overlap < TICK, `two pages showed ${database} for ${Math.round(overlap)} ms`)
  }
  for (const [database, gap] of gaps) {
    t.ok(gap < 2 * TICK, `no page showed ${database} for ${Math.round(gap)} ms`)
  }
}

const leaderOf = (gallery: Gallery, database: string) => gallery.shows(database)[0]
const ready = async ({ service }: Replica) => (await fetch(`${service.url}/readyz`)).status

t.test('replicas share the databases out evenly, and all are ready', async (t) => {
  const { gallery, replicas } = await startThree(t)
  // One that has just begun to lead shows zeros, and is ready after its first round.
  const allReady = async () => (await Promise.all(replicas.map(ready))).every((status) => status === 200)
  while (!(await allReady())) await delay(20)
  const leads = await Promise.all(
    replicas.map(async ({ service }) => {
      const page = await (await fetch(`${service.url}/metrics`)).text()
      return [...page.matchAll(/^collection_leader\{database="(\w+)"\} ([01])$/gm)].map(([, , value]) =>
        Number(value),
      )
    }),
  )
  for (const values of leads) t.same(values.toSorted(), [0, 0, 1], 'each says of each whether it leads')
  orderly(t, gallery)
})

t.test('a replica that is killed is followed by another', async (t) => {
  const { gallery } = await startThree(t)
  const leader = leaderOf(gallery, 'eu')
  leader?.service.child.kill('SIGKILL')
  await gallery.until(() => gallery.settled() && leaderOf(gallery, 'eu') !== leader)
  orderly(t, gallery)
})

t.test('a replica that is frozen is followed by another, and shows nothing when it thaws', async (t) => {
  const { gallery } = await startThree(t)
  const leader = leaderOf(gallery, 'eu')
  leader?.service.child.kill('SIGSTOP')
  await gallery.until(() => leaderOf(gallery, 'eu') !== undefined && leaderOf(gallery, 'eu') !== leader)
  leader?.service.child.kill('SIGCONT')
  await gallery.until(() => gallery.settled() && gallery.count(leader as Replica) === 1)
  orderly(t, gallery)
  if (leader !== undefined) unharmed(t, leader.service)
})

t.test('a replica that the network parts from the database is followed by another', async (t) => {
  const { gallery } = await startThree(t)
  const leader = leaderOf(gallery, 'eu')
  leader?.gate.break('stall', 'now')
  await gallery.until(() => gallery.settled() && gallery.count(leader as Replica) === 0)
  // Three more ticks, in which it might think better of it.
  await delay(3 * TICK)
  t.equal(gallery.count(leader as Replica), 0)
  leader?.gate.mend()
  await gallery.until(() => gallery.settled() && gallery.count(leader as Replica) === 1)
  orderly(t, gallery)
  if (leader !== undefined) unharmed(t, leader.service)
})

t.test('replicas are replaced one after another', async (t) => {
  const { gallery, replicas, start } = await startThree(t)
  for (const replica of replicas) {
    const next = await start()
    replica.service.child.kill('SIGTERM')
    t.equal(await replica.service.exit, 0)
    gallery.remove(replica)
    await gallery.until(() => gallery.settled() && gallery.count(next) === 1)
  }
  orderly(t, gallery)
})
