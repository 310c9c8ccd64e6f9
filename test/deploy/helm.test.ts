import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import t from 'tap'
import { parse } from 'yaml'
import { CREDENTIAL_VARIABLE } from '../../src/config/credentials.ts'
import { SECRETS, variables } from '../../src/config/variables.ts'
import { version } from '../../src/config/version.ts'
import { FULL, SAME } from './cases.ts'
import { ofKind } from './manifest.ts'
import { lacksProgram, runProgram } from './programs.ts'
import { CHART, comparable, kustomize, renderChart, valuesFile } from './render.ts'
import { violations } from './restricted.ts'

const helm = { skip: lacksProgram('helm') }
const both = { skip: lacksProgram('helm') || lacksProgram('kubectl') }

t.test('helm lint has nothing to say about the chart', helm, async (t) => {
  for (const values of [{}, FULL])
    t.match(
      runProgram('helm', 'lint', '--strict', CHART, '--values', valuesFile(t, values)),
      '0 chart(s) failed',
    )
})

t.test('chart and image have the version of the package', async (t) => {
  const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))
  t.same([chart.version, chart.appVersion], [version, version])
})

for (const { what, values, kustomization, files } of SAME) {
  t.test(`the chart and kustomize make the same of ${what}`, both, async (t) => {
    const chart = comparable(renderChart(t, values))
    t.strictSame(chart, comparable(kustomize(t, kustomization, files)))
  })
}

t.test('two releases in a namespace have nothing in common', helm, async (t) => {
  const names = ['eu', 'us'].map((release) =>
    renderChart(t, { ...FULL, secret: `${release}-secret` }, release).map(
      ({ kind, metadata }) => `${kind} ${metadata.name}`,
    ),
  )
  t.equal(new Set(names.flat()).size, names.flat().length)
  const [eu, us] = ['eu', 'us'].map((release) =>
    ofKind<IDeployment>(renderChart(t, {}, release), 'Deployment'),
  )
  t.notSame(eu?.spec?.selector, us?.spec?.selector)
})

t.test('each variable that the chart sets is one of the service', helm, async (t) => {
  const deployment = ofKind<IDeployment>(renderChart(t, FULL), 'Deployment')
  for (const { name } of deployment.spec?.template.spec?.containers?.[0]?.env ?? [])
    t.ok(name in variables || CREDENTIAL_VARIABLE.test(name), name)
})

t.test(
  'a pod with all that the chart has is as confined as the restricted standard asks',
  helm,
  async (t) => {
    t.same(violations(ofKind<IDeployment>(renderChart(t, FULL), 'Deployment')), [])
  },
)

t.test('numbers and truths reach the service as they were written', helm, async (t) => {
  const env = { COLLECTOR_MAX_SERIES: 1_000_000, LOG_VALUES: false, METRICS_TICK_DURATION: '30s' }
  const deployment = ofKind<IDeployment>(renderChart(t, { env }), 'Deployment')
  const set = deployment.spec?.template.spec?.containers?.[0]?.env?.map(({ name, value }) => [name, value])
  t.same(Object.fromEntries(set ?? []), {
    DATABASE_URL_FILE: '/run/secrets/metrics-service/database-url',
    COLLECTOR_MAX_SERIES: '1000000',
    LOG_VALUES: 'false',
    METRICS_TICK_DURATION: '30s',
  })
})

t.test('the image may be named by its digest', helm, async (t) => {
  const digest = `sha256:${'a'.repeat(64)}`
  const image = { repository: 'registry.example.com/metrics-service', digest }
  const deployment = ofKind<IDeployment>(renderChart(t, { image }), 'Deployment')
  t.equal(
    deployment.spec?.template.spec?.containers?.[0]?.image,
    `registry.example.com/metrics-service@${digest}`,
  )
})

const url = 'postgres://db.example.com/shop'
for (const [what, values, why] of [
  ['a value that there is not', { replica: 2 }, /'replica' not allowed/],
  ['one below another that there is not', { state: { url: { enable: true } } }, /'enable' not allowed/],
  ['several replicas without the election', { replicas: 2 }, /leaderElection\.enabled/],
  [
    'a state file for several replicas',
    { replicas: 2, leaderElection: { enabled: true }, state: { file: { enabled: true } } },
    /take state\.url/,
  ],
  ['a password in a URL', { databases: [{ url: 'postgres://metrics:secret@db/shop' }] }, /databases\/0\/url/],
  ['a password behind a URL', { databases: [{ url: `${url}?password=secret` }] }, /databases\/0\/url/],
  ['several databases without names', { databases: [{ url }, { url }] }, /several need a name each/],
  ['two sources of collectors', { collectors: { configMap: 'a', files: { 'a.ts': '' } } }, /not both/],
  ['a port of a text', { networkPolicy: { databasePorts: ['5432'] } }, /databasePorts\/0/],
  ['a variable that another value sets', { env: { LEADER_ELECTION: 'true' } }, /invalid propertyName/],
] as const) {
  t.test(`the chart refuses ${what}`, helm, async (t) => {
    t.throws(() => renderChart(t, values), { message: why })
  })
}

t.test('the chart takes no secret in the open', helm, async (t) => {
  const names = [...SECRETS, 'DATABASE_PASSWORD', 'DATABASE_EU_PASSWORD']
  const env = Object.fromEntries(names.map((name) => [name, 'x']))
  let said = ''
  try {
    renderChart(t, { env })
  } catch (error) {
    said = String(error)
  }
  for (const name of names) t.match(said, `invalid propertyName '${name}'`)
})

t.test('what Helm says after an installation names what the Secret has to have', helm, async (t) => {
  const notes = (values: object) =>
    runProgram(
      'helm',
      'install',
      'eu',
      CHART,
      '--dry-run=client',
      '--hide-secret',
      '--values',
      valuesFile(t, values),
    )
  t.match(notes({}), /^ {2}database-url /m)
  t.match(notes(FULL), /^ {2}state-url [\s\S]*^ {2}metrics-token /m)
  t.notMatch(notes({ databases: [{ url }] }), 'It reads the Secret')
})
