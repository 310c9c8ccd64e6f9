import t, { type Test } from 'tap'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { Pages } from './pages.ts'
import { unharmed } from './process.ts'
import { type Replica, startReplica } from './replica.ts'

const DATABASES = ['eu', 'us', 'ap']

/** Three replicas, each of which shows one of three databases, and all pages watched. */
async function startThree(t: Test) {
  const { url } = await createDatabase(t, { schema: false })
  const pages = new Pages(DATABASES)
  const watched = pages.watch()
  t.teardown(async () => {
    pages.end()
    await watched
  })
  const start = async () => {
    const replica = await startReplica(t, url, DATABASES)
    pages.add(replica)
    return replica
  }
  const replicas = [await start(), await start(), await start()]
  await pages.until(() => pages.settled() && replicas.every((replica) => pages.count(replica) === 1))
  pages.begin()
  return { pages, replicas, start, url }
}

/**
 * Checks that no database was shown by two for longer than a tick, or by none for longer than two. A tick is as long as
 * it takes another database to have its next round.
 */
function orderly(t: Test, { overlaps, gaps }: Pages): void {
  for (const [database, rounds] of overlaps) {
    t.ok(rounds <= 1, `two pages showed ${database} while ${rounds} rounds of another ended`)
  }
  for (const [database, rounds] of gaps) {
    t.ok(rounds <= 2, `no page showed ${database} while ${rounds} rounds of another ended`)
  }
}

const leaderOf = (pages: Pages, database: string) => pages.shows(database)[0]
const ready = async ({ service }: Replica) => (await fetch(`${service.url}/readyz`)).status

t.test('replicas share the databases out evenly, and all are ready', async (t) => {
  const { pages, replicas } = await startThree(t)
  // One that has just begun to lead shows zeros, and is ready after its first round.
  await poll(
    () => Promise.all(replicas.map(ready)),
    (statuses) => statuses.every((status) => status === 200),
  )
  const leads = await Promise.all(
    replicas.map(async ({ service }) => {
      const page = await (await fetch(`${service.url}/metrics`)).text()
      return [...page.matchAll(/^collection_leader\{database="(\w+)"\} ([01])$/gm)].map(([, , value]) =>
        Number(value),
      )
    }),
  )
  for (const values of leads) t.same(values.toSorted(), [0, 0, 1], 'each says of each whether it leads')
  orderly(t, pages)
})

t.test('a replica that is killed is followed by another', async (t) => {
  const { pages } = await startThree(t)
  const leader = leaderOf(pages, 'eu')
  leader?.service.child.kill('SIGKILL')
  await pages.until(() => pages.settled() && leaderOf(pages, 'eu') !== leader)
  orderly(t, pages)
})

t.test('a replica that is frozen is followed by another, and shows nothing when it thaws', async (t) => {
  const { pages } = await startThree(t)
  const leader = leaderOf(pages, 'eu')
  leader?.service.child.kill('SIGSTOP')
  await pages.until(() => leaderOf(pages, 'eu') !== undefined && leaderOf(pages, 'eu') !== leader)
  leader?.service.child.kill('SIGCONT')
  await pages.until(() => pages.settled() && pages.count(leader as Replica) === 1)
  orderly(t, pages)
  if (leader !== undefined) unharmed(t, leader.service)
})

t.test('a replica that the network parts from the database is followed by another', async (t) => {
  const { pages } = await startThree(t)
  const leader = leaderOf(pages, 'eu')
  leader?.gate.break('stall', 'now')
  await pages.until(() => pages.settled() && pages.count(leader as Replica) === 0)
  // Three more ticks, in which it might think better of it.
  const before = pages.rounds('us')
  await pages.until(() => pages.rounds('us') >= before + 3)
  t.equal(pages.count(leader as Replica), 0)
  leader?.gate.repair()
  await pages.until(() => pages.settled() && pages.count(leader as Replica) === 1)
  orderly(t, pages)
  if (leader !== undefined) unharmed(t, leader.service)
})

t.test('replicas are replaced one after another', async (t) => {
  const { pages, replicas, start } = await startThree(t)
  for (const replica of replicas) {
    const next = await start()
    replica.service.child.kill('SIGTERM')
    t.equal(await replica.service.exit, 0)
    pages.remove(replica)
    await pages.until(() => pages.settled() && pages.count(next) === 1)
  }
  orderly(t, pages)
})
