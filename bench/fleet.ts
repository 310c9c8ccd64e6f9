import { OK, runCommand, wholeNumber } from '../src/config/arguments.ts'
import { type Latency, LockServer } from '../test/model/lock-server.ts'
import { Timeline } from '../test/model/timeline.ts'
import { random } from './fleet/random.ts'
import { Replica } from './fleet/replica.ts'
import { Table } from './fleet/table.ts'
import { Watch } from './fleet/watch.ts'

/*
 * Runs the ticker and the leadership of the service for many databases and several replicas on a simulated clock: most of
 * an hour with failures takes a few minutes. The same seed makes the same run.
 */
const COMMAND = {
  usage: `Usage: npm run fleet -- [option …]

  --databases N collect from this many databases instead of 1000
  --replicas N  run this many replicas instead of 10
  --seed N      make another run than that of seed 1
  --help        show this
`,
  options: {
    databases: { type: 'string', default: '1000' },
    replicas: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: false,
} as const

const asked: { databases: number; replicas: number; seed: number }[] = []
const code = await runCommand(process.argv.slice(2), process, COMMAND, async ({ values }) => {
  asked.push({
    databases: wholeNumber('databases', values.databases, 1),
    replicas: wholeNumber('replicas', values.replicas, 1),
    seed: wholeNumber('seed', values.seed, 1),
  })
  return OK
})
const [simulation] = asked
if (simulation === undefined) process.exit(code)
const { databases: DATABASES, replicas: REPLICAS, seed: SEED } = simulation
const chance = random(SEED)

/** Milliseconds. */
const SECOND = 1000
const TICK = 60 * SECOND
/** How long a round computes: two or three times as long as one of ten collectors does by `node bench/databases.ts`. */
const COMPUTE = 10
/** One database in a hundred is slow: its rounds take a fifth of a tick to more than a tick. */
const SLOW = 100
const isSlow = (database: number) => database % SLOW === 0

/** Most messages take a millisecond or two; one in a hundred takes up to three seconds. */
const latency: Latency = () => (chance() < 0.01 ? 3 * SECOND * chance() : 1 - Math.log(1 - chance()))

const timeline = new Timeline()
const servers = Array.from({ length: DATABASES }, () => new LockServer(timeline, TICK / 2, latency))
const table = new Table(timeline, DATABASES, latency)
const replicas = new Set<Replica>()
const watch = new Watch(timeline, replicas, servers)
const plan = {
  timeline,
  servers,
  table,
  tick: TICK,
  compute: COMPUTE,
  chance,
  roundOf: (database: number) =>
    isSlow(database) ? TICK * (0.2 + chance()) : 300 - 500 * Math.log(1 - chance()),
  watch: {
    looked: (database: number) => watch.look(database),
    ran: () => watch.ran(),
    skipped: (database: number) => watch.skip(database),
  },
}

const start = () => {
  const replica = new Replica(plan)
  replicas.add(replica)
  return replica
}
const end = (replica: Replica) => {
  replica.kill()
  replicas.delete(replica)
  watch.lookAtAll()
}
const pass = (ticks: number) => timeline.run(timeline.now + ticks * TICK)
const some = (count: number) => [...replicas].sort(() => chance() - 0.5).slice(0, count)

/** Lets something happen, and prints a line about it. */
async function chapter(title: string, happen: () => Promise<void>): Promise<void> {
  watch.begin()
  table.begin()
  await happen()
  watch.lookAtAll()
  const gaps = watch.gaps.toSorted((a, b) => a - b)
  const at = (share: number) => ((gaps[Math.ceil(share * gaps.length) - 1] ?? 0) / TICK).toFixed(2)
  const counts = [...replicas].filter(({ machine }) => machine.answers).map(({ count }) => count)
  counts.sort((a, b) => a - b)
  const cells = [
    title,
    counts.length,
    `${counts[0]} / ${counts[counts.length >> 1]} / ${counts.at(-1)}`,
    gaps.length,
    `${at(0.5)} / ${at(0.99)} / ${at(1)}`,
    (watch.overlap / TICK).toFixed(2),
    watch.dark,
    watch.rounds,
    `${watch.skipped.filter(isSlow).length} / ${watch.skipped.filter((database) => !isSlow(database)).length}`,
    evenness(),
    table.claims,
    writes(),
    table.refused,
  ]
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

/** Returns how many rounds began in one second: the least, the median and the most of the seconds of the last tick. */
function evenness(): string {
  const seconds = new Array<number>(TICK / SECOND).fill(0)
  for (const moment of watch.began) {
    if (moment > timeline.now - TICK) {
      const second = Math.floor((moment % TICK) / SECOND)
      seconds[second] = (seconds[second] ?? 0) + 1
    }
  }
  seconds.sort((a, b) => a - b)
  return `${seconds[0]} / ${seconds[seconds.length >> 1]} / ${seconds.at(-1)}`
}

/** Returns how many states are written in one second: the mean, and the most. */
function writes(): string {
  const seconds = new Map<number, number>()
  for (const moment of table.writes) {
    const second = Math.floor(moment / SECOND)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
  }
  const [first = 0, last = 0] = [table.writes[0], table.writes.at(-1)]
  const mean = table.writes.length / Math.max((last - first) / SECOND, 1)
  return `${mean.toFixed(0)} / ${Math.max(0, ...seconds.values())}`
}

const HEADINGS = [
  'What happens',
  'Replicas',
  'Databases of one: least / median / most',
  'Takeovers',
  'Without a page, in ticks: median / p99 / most',
  'Overlap, in ticks',
  'Without a leader at the end',
  'Rounds',
  'Skipped ticks: of slow databases / of others',
  'Rounds that begin in a second: least / median / most',
  'Counters claimed',
  'States written in a second: mean / most',
  'Writes of an older term, refused',
]
process.stdout.write(`${DATABASES} databases, ${REPLICAS} replicas, seed ${SEED}\n\n`)
process.stdout.write(`| ${HEADINGS.join(' | ')} |\n|${' --- |'.repeat(HEADINGS.length)}\n`)
const began = performance.now()

await chapter('All start within half a tick', async () => {
  for (let i = 0; i < REPLICAS; i++) {
    start()
    await pass(chance() / REPLICAS)
  }
  await pass(4)
})
await chapter('Nothing', () => pass(3))
await chapter('One is killed', async () => {
  for (const replica of some(1)) end(replica)
  await pass(3)
})
await chapter('It is started again', async () => {
  start()
  await pass(3)
})
await chapter('One is frozen for two ticks', async () => {
  const frozen = some(1)
  for (const { machine } of frozen) machine.freeze()
  watch.lookAtAll()
  await pass(2)
  for (const { machine } of frozen) machine.thaw()
  await pass(3)
})
await chapter('One in twenty databases is away for a tick and a half', async () => {
  const away = servers.filter((_, i) => i % 20 === 7)
  for (const server of away) server.crash()
  await pass(1.5)
  for (const server of away) server.recover()
  await pass(3)
})
await chapter('The network cuts one off from a fifth of the databases for two ticks', async () => {
  const unreachable = servers.filter((_, i) => i % 5 === 3)
  const [replica] = some(1)
  for (const server of unreachable) if (replica !== undefined) server.unreachable.add(replica.machine)
  await pass(2)
  for (const server of unreachable) server.unreachable.clear()
  await pass(3)
})
await chapter('They are replaced one after another', async () => {
  for (const replica of [...replicas]) {
    start()
    await pass(0.5)
    const stopped = replica.stop()
    await pass(0.4)
    await stopped
    replicas.delete(replica)
    await pass(0.1)
  }
  await pass(3)
})
await chapter('Three are killed at once', async () => {
  for (const replica of some(3)) end(replica)
  await pass(3)
})
await chapter('All but one are killed', async () => {
  for (const replica of some(replicas.size - 1)) end(replica)
  await pass(3)
})

process.stdout.write(
  `\n${(timeline.now / TICK).toFixed(0)} ticks in ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
)
if (watch.overlap > 0) process.exitCode = 1
