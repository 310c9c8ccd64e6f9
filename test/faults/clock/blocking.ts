import { defineCollector, gauge } from '../../../src/collector.ts'

/** Milliseconds. */
const BLOCK = 5000

let runs = 0
let blocks = 0

/** Does what no collector may: in its first run and in its third, nothing else of the process runs for 5 seconds. */
export default defineCollector({
  name: 'blocking',
  metrics: { business_blocks: gauge('How often it has blocked the process.') },
  query: (sql) => {
    runs++
    if (runs === 1 || runs === 3) {
      const end = performance.now() + BLOCK
      while (performance.now() < end);
      blocks++
    }
    return sql`
      SELECT ${blocks}::int AS business_blocks`
  },
})
