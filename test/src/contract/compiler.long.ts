import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../root.ts'

const IMPORT = `import { counter, defineCollector, gauge, histogram, open, timestamp, type WindowOptions } from '${ROOT}src/collector.ts'\n`

const metrics = "metrics: { business_things: gauge('Things.') },"
const query = 'query: (sql) => sql`SELECT count(*) AS business_things FROM things`,'
const histograms =
  "metrics: { business_seconds: histogram('Seconds.', [1]), business_things: counter('Things.') },"

/** Bodies of definitions; `▶` marks where the error has to be. */
const wrong: Record<string, string> = {
  'a name is missing': `▶{ ${metrics} ${query} }`,
  'a name is a number': `{ ▶name: 1, ${metrics} ${query} }`,
  'metrics are missing': `▶{ name: 'things', ${query} }`,
  'a query is missing': `▶{ name: 'things', ${metrics} }`,
  'a field is misspelt': `{ name: 'things', ${metrics} ▶intervall: '1m', ${query} }`,
  'a label is a text': `{ name: 'things', labels: { ▶kind: 'read' }, ${metrics} ${query} }`,
  'a label is a number': `{ name: 'things', labels: { ▶kind: 20 }, ${metrics} ${query} }`,
  'a label value is a number': `{ name: 'things', labels: { kind: ['read', ▶1] }, ${metrics} ${query} }`,
  'an open label has no limit': `{ name: 'things', labels: { kind: ▶open() }, ${metrics} ${query} }`,
  'an open label takes a text': `{ name: 'things', labels: { kind: open(▶'20') }, ${metrics} ${query} }`,
  'a metric is a text': `{ name: 'things', metrics: { ▶business_things: 'Things.' }, ${query} }`,
  'a metric is the function that makes it': `{ name: 'things', metrics: { business_things: ▶gauge }, ${query} }`,
  'a gauge has no help': `{ name: 'things', metrics: { business_things: ▶gauge() }, ${query} }`,
  'a counter has no help': `{ name: 'things', metrics: { business_things: ▶counter() }, ${query} }`,
  'a timestamp has no help': `{ name: 'things', metrics: { business_things: ▶timestamp() }, ${query} }`,
  'a histogram has no buckets': `{ name: 'things', metrics: { business_things: ▶histogram('Things.') }, ${query} }`,
  'buckets are texts': `{ name: 'things', metrics: { business_things: histogram('Things.', [▶'1']) }, ${query} }`,
  'a counter folds': `{ name: 'things', metrics: { business_things: counter('Things.', { ▶fold: 'max' }) }, ${query} }`,
  'a gauge folds in no way that there is': `{ name: 'things', metrics: { business_things: gauge('Things.', { ▶fold: 'avg' }) }, ${query} }`,
  'a timestamp folds to a sum': `{ name: 'things', metrics: { business_things: timestamp('Thing.', { ▶fold: 'sum' }) }, ${query} }`,
  'an interval is a number': `{ name: 'things', ${metrics} ▶interval: 60, ${query} }`,
  'an interval has no unit': `{ name: 'things', ${metrics} ▶interval: '60', ${query} }`,
  'an interval is a word': `{ name: 'things', ${metrics} ▶interval: 'hourly', ${query} }`,
  'an interval is written out': `{ name: 'things', ${metrics} ▶interval: '5 minutes', ${query} }`,
  'a timeout is a number': `{ name: 'things', ${metrics} ▶timeout: 30_000, ${query} }`,
  'a window is a duration': `{ name: 'things', ${histograms} ▶window: '2m', ${query} }`,
  'a window has no settle': `{ name: 'things', ${histograms} ▶window: {}, ${query} }`,
  'a settle is a number': `{ name: 'things', ${histograms} window: { ▶settle: 120 }, ${query} }`,
  'a gauge has a window': `{ name: 'things', metrics: { ▶business_things: gauge('Things.') }, window: { settle: '2m' }, ${query} }`,
  'a timestamp has a window': `{ name: 'things', metrics: { ▶business_things: timestamp('Thing.') }, window: { settle: '2m' }, ${query} }`,
  'from is used without a window': `{ name: 'things', ${metrics} query: (sql, { ▶from }) => sql\`SELECT \${from}\` }`,
  'to is used without a window': `{ name: 'things', ${metrics} query: (sql, context) => sql\`SELECT \${context.▶to}\` }`,
  'observe names no metric': `{ name: 'things', ${histograms} query: (sql, { observe }) => sql\`SELECT \${observe(▶'business_second', sql\`s\`)}\` }`,
  'observe names a counter': `{ name: 'things', ${histograms} query: (sql, { observe }) => sql\`SELECT \${observe(▶'business_things', sql\`s\`)}\` }`,
  'observe names a gauge where there is no histogram': `{ name: 'things', ${metrics} query: (sql, { observe }) => sql\`SELECT \${observe(▶'business_things', sql\`s\`)}\` }`,
  'observe in a window names no metric': `{ name: 'things', ${histograms} window: { settle: '2m' }, query: (sql, { observe }) => sql\`SELECT \${observe(▶'seconds', sql\`s\`)}\` }`,
  'observe takes a text': `{ name: 'things', ${histograms} query: (sql, { observe }) => sql\`SELECT \${observe('business_seconds', ▶'s')}\` }`,
  'a query is a text': `{ name: 'things', ${metrics} ▶query: 'SELECT 1' }`,
  'a query returns a text': `{ name: 'things', ${metrics} query: () => ▶'SELECT 1' }`,
  'a query is asynchronous': `{ name: 'things', ${metrics} query: async (sql) => ▶sql\`SELECT 1\` }`,
  'a query awaits its rows': `{ name: 'things', ${metrics} query: async (sql) => ▶await sql\`SELECT 1\` }`,
  'a query returns rows': `{ name: 'things', ${metrics} query: () => ▶[{ business_things: 1 }] }`,
  'a query takes a Date for a text': `{ name: 'things', ${metrics} query: (sql) => sql.unsafe(▶new Date()) }`,
}

const right: Record<string, string> = {
  'the least that there can be': `{ name: 'things', ${metrics} ${query} }`,
  'all that there can be': `{
    name: 'things',
    labels: { kind: ['read', 'write', 'other'], provider: open(20) },
    metrics: {
      business_things: gauge('Things.', { fold: 'max' }),
      business_things_total: counter('Things ever.'),
      business_seconds: histogram('Seconds.', [0.5, 1]),
      business_last_timestamp_seconds: timestamp('The last thing.', { fold: 'max' }),
    },
    interval: '1m30s',
    timeout: '1.5h',
    query: (sql, { observe }) => sql\`SELECT \${observe('business_seconds', sql\`s\`)}\`,
  }`,
  'a window': `{
    name: 'things', ${histograms} window: { settle: '500ms' },
    query: (sql, { from, to, observe }) => sql\`
      SELECT \${observe('business_seconds', sql\`s\`)} FROM things WHERE at > \${from} AND at <= \${to}\`,
  }`,
  'a window that others share': `{
    name: 'things', ${histograms} window: { settle: '2m' } as WindowOptions,
    query: (sql, { from, to }) => sql\`SELECT \${from} \${to}\`,
  }`,
  'buckets and values that are computed': `{
    name: 'things',
    labels: { kind: 'a b'.split(' ') },
    metrics: { business_seconds: histogram('Seconds.', Array.from({ length: 3 }, (_, i) => 2 ** i)) },
    interval: \`\${5 * 2}s\`,
    query: (sql) => sql\`SELECT 1\`,
  }`,
}

interface Finding {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What the compiler has to say of these files, as `npm run types` sets it. */
function compile(dir: string): Finding[] {
  // Without what the test runner has every process load.
  const command = ['-u', 'NODE_OPTIONS', join(ROOT, 'node_modules/.bin/tsc'), '--pretty', 'false']
  const { stdout } = spawnSync('env', command, { cwd: dir, encoding: 'utf8' })
  return Array.from(
    stdout.matchAll(/^(\S+)\((\d+),(\d+)\): error (.*)$/gm),
    ([, file, line, column, message]) => ({
      file: file ?? '',
      line: Number(line),
      column: Number(column),
      message: message ?? '',
    }),
  )
}

t.test('the compiler shows where a collector is wrong, and takes one that is right', async (t) => {
  const cases = Object.entries({ ...wrong, ...right })
  const sources = cases.map(
    ([, body]) =>
      `${IMPORT}export { counter, gauge, histogram, open, timestamp, type WindowOptions }\ndefineCollector(${body})\n`,
  )
  const dir = t.testdir({
    'tsconfig.json': JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: ['*.ts'] }),
    ...Object.fromEntries(sources.map((source, i) => [`${i}.ts`, source.replace('▶', '')])),
  })
  const findings = compile(dir)
  for (const [i, [what]] of cases.entries()) {
    const found = findings.filter(({ file }) => file === `${i}.ts`)
    const lines = sources[i]?.split('\n') ?? []
    const line = lines.findIndex((text) => text.includes('▶'))
    const places = found.map(({ line, column }) => `${line}:${column}`)
    const expected = line < 0 ? [] : [`${line + 1}:${(lines[line]?.indexOf('▶') ?? 0) + 1}`]
    t.same(places, expected, `${what}: ${found.map(({ message }) => message)}`)
  }
})
