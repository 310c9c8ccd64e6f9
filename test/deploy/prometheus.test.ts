import t from 'tap'
import { lacks } from '../program.ts'
import { files, promtool } from './promtool.ts'

t.test(
  'promtool has nothing to say about the configuration and the rules',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    for (const args of [
      ['check', 'config', '--lint-fatal', 'prometheus.yml'],
      ['check', 'rules', '--lint-fatal', ...files('rules')],
    ]) {
      const { status, output } = promtool(...args)
      t.equal(status, 0, output)
    }
  },
)
