import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createFolder, createProject } from './project.ts'

const collector = (name: string) => `collector_name: ${name}
metrics:
  - metric_name: ${name}_things
    type: gauge
    help: Things.
    values: [n]
    query: SELECT count(*) AS n FROM things
`

const JOBS = `
global: { max_idle_connections: 3 }
collector_path: collectors.d
jobs:
  - job_name: shops
    collectors: [shop, 'st?ck']
    static_configs:
      - targets:
          north: postgres://exporter:hunter2@north/shop
          south: postgres://exporter:hunter2@south/shop
        labels: { env: prod }
  - job_name: legacy
    collectors: [legacy]
    static_configs:
      - targets: { old: 'mysql://exporter:hunter2@old/shop' }
`

t.test(
  'jobs bring the collectors that they ask for, out of a folder, and what their targets had is said',
  async (t) => {
    const project = createFolder(t, {
      'jobs.yml': JOBS,
      'collectors.d': {
        'shop.yml': collector('shop'),
        more: { 'stock.yaml': collector('stock'), 'other.yml': collector('other') },
        'legacy.yml': collector('legacy'),
      },
    })
    const { status, stdout, stderr } = project.import('jobs.yml', '--out', 'imported')
    t.equal(status, 1, 'a collector is left out')
    t.equal(stderr, '')
    t.same(readdirSync(join(project.dir, 'imported')), ['legacy.ts', 'shop.ts', 'stock.ts'])
    t.match(stdout, 'collectors.d/more/other.yml:1: collector "other": no target or job asks for it')
    t.match(
      stdout,
      "DATABASE_URL='north=postgres://exporter@north/shop south=postgres://exporter@south/shop old=postgres://…'",
    )
    const written = (name: string) => readFileSync(join(project.dir, 'imported', `${name}.ts`), 'utf8')
    t.match(written('shop'), "databases: ['north', 'south']")
    t.match(written('legacy'), "databases: ['old']")
    t.match(stdout, 'the labels job, target, env of its jobs are not on the samples')
    t.match(stdout, 'nothing corresponds to max_idle_connections')
    t.notMatch(stdout, /hunter2/)
  },
)

t.test('a collector of another database is written with a warning', async (t) => {
  const project = createFolder(t, {
    'jobs.yml': JOBS,
    'collectors.d': { 'legacy.yml': collector('legacy'), 'shop.yml': collector('shop') },
  })
  const { stdout } = project.import('jobs.yml')
  const warning = 'Its target is "mysql", and this asks PostgreSQL'
  t.match(stdout, `legacy.ts: ${warning}`)
  t.match(readFileSync(join(project.collectors, 'legacy.ts'), 'utf8'), warning)
  t.notMatch(readFileSync(join(project.collectors, 'shop.ts'), 'utf8'), warning)
})

t.test('a collector that is written elsewhere imports the contract from where it is', async (t) => {
  const project = createProject(t, { 'shop.yml': collector('shop') })
  project.import('shop.yml', '--out', 'deep/er')
  t.match(readFileSync(join(project.dir, 'deep/er/shop.ts'), 'utf8'), "from '../../src/collector.ts'")
  t.equal(
    project.run(
      'node',
      '-e',
      "import('./deep/er/shop.ts').then(({ default: { collector } }) => console.log(collector.name))",
    ).stdout,
    'shop\n',
  )
})
