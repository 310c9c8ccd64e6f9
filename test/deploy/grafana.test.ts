import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../root.ts'
import { dashboards, FOLDER, names } from './dashboards.ts'

t.test('the dashboards that are kept are those that their sources make', async (t) => {
  const folder = t.testdir({})
  const { status, stderr } = spawnSync(process.execPath, ['deploy/grafana/build.ts', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.same(readdirSync(folder), names)
  for (const name of names) {
    const made = readFileSync(join(folder, name), 'utf8')
    t.ok(made === readFileSync(join(FOLDER, name), 'utf8'), `${name}: npm run dashboards`)
  }
})

t.test(
  'every panel says what it shows, asks the chosen data source, and has its own place on the grid',
  async (t) => {
    for (const { panels } of dashboards) {
      const taken = new Set<string>()
      for (const { type, title, description, datasource, targets = [], gridPos } of panels) {
        if (type !== 'row') {
          t.ok(description && targets.length > 0, `${title} is described`)
          for (const { uid } of [datasource ?? { uid: '' }, ...targets.map(({ datasource }) => datasource)])
            t.equal(uid, '$datasource')
        }
        t.ok(gridPos.x + gridPos.w <= 24, `${title} fits`)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            if (taken.has(`${x} ${y}`)) t.fail(`${title} lies upon another panel at ${x}, ${y}`)
            taken.add(`${x} ${y}`)
          }
        }
      }
    }
  },
)
