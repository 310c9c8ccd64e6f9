import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1'
import type { IService } from 'kubernetes-models/v1'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { SECRETS, variables } from '../../src/config/variables.ts'
import { version } from '../../src/config/version.ts'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'
import { KUBERNETES, type Manifest, manifestFiles, parseManifests, readManifest } from './manifest.ts'
import { lacksProgram, runProgram } from './programs.ts'
import { violations } from './restricted.ts'

const deployment = readManifest<IDeployment>('deployment.yaml')
const service = readManifest<IService>('service.yaml')
const monitor = readManifest<IServiceMonitor>('prometheus-operator/servicemonitor.yaml')
const policy = readManifest<INetworkPolicy>('networkpolicy.yaml')
const budget = readManifest<IPodDisruptionBudget>('poddisruptionbudget.yaml')
const pod = deployment.spec?.template
const [container] = pod?.spec?.containers ?? []
const [port] = container?.ports ?? []
const annotations = service.metadata?.annotations ?? {}

t.test('every document belongs to a kustomization', async (t) => {
  const listed = globSync('**/kustomization.yaml', { cwd: KUBERNETES }).flatMap((file) => {
    const { resources = [] } = parse(readFileSync(join(KUBERNETES, file), 'utf8'))
    return resources.map((resource: string) => join(dirname(file), resource))
  })
  t.same(listed.sort(), manifestFiles().sort())
})

t.test('kubectl builds each kustomization', { skip: lacksProgram('kubectl') }, async (t) => {
  for (const folder of ['.', 'prometheus-operator']) {
    const built = runProgram('kubectl', 'kustomize', join(KUBERNETES, folder))
    const files = manifestFiles().filter((file) => dirname(file) === folder)
    const byKind = (a: Manifest, b: Manifest) => a.kind.localeCompare(b.kind)
    t.same(parseManifests(built).sort(byKind), files.map((file) => readManifest(file)).sort(byKind))
  }
})

t.test('what selects pods selects those of the deployment', async (t) => {
  const selectors = {
    deployment: deployment.spec?.selector.matchLabels,
    service: service.spec?.selector,
    policy: policy.spec?.podSelector?.matchLabels,
    budget: budget.spec?.selector?.matchLabels,
  }
  for (const [name, labels] of Object.entries(selectors)) selects(t, name, labels, pod?.metadata?.labels)
})

t.test('the service monitor finds the service and its port', async (t) => {
  selects(t, 'monitor', monitor.spec.selector.matchLabels, service.metadata?.labels)
  const ports = service.spec?.ports ?? []
  for (const { port } of monitor.spec.endpoints ?? []) t.ok(ports.some(({ name }) => name === port))
})

t.test('every port is the one that the service listens on', async (t) => {
  t.equal(port?.containerPort, variables.PORT.parse(variables.PORT.default ?? ''))
  t.equal(service.spec?.ports?.[0]?.targetPort, port?.name)
  t.equal(annotations['prometheus.io/port'], String(port?.containerPort), 'a scrape goes to the pod')
  t.same(
    policy.spec?.ingress?.flatMap(({ ports }) => ports?.map(({ port }) => port)),
    [port?.containerPort],
    'nothing else is let in',
  )
  for (const probe of [container?.livenessProbe, container?.readinessProbe]) {
    t.equal(probe?.httpGet?.port, port?.name)
  }
})

t.test('the running service answers what the probes and the scrape ask for', async (t) => {
  const { url } = await createDatabase(t)
  const running = await spawnService(t, { DATABASE_URL: url })
  await running.said('metrics on')
  const status = async (path = 'no path') => (await fetch(new URL(path, running.url))).status
  t.equal(await status(container?.livenessProbe?.httpGet?.path), 200)
  t.equal(await status(annotations['prometheus.io/path']), 200)
  t.equal(await status(monitor.spec.endpoints?.[0]?.path), 200)
  const readiness = container?.readinessProbe?.httpGet?.path
  const ready = await poll(
    () => status(readiness),
    (status) => status !== 503,
  )
  t.equal(ready, 200)
})

t.test('every variable is one of the service, and a secret comes from a mounted Secret alone', async (t) => {
  for (const { name, value } of container?.env ?? []) {
    t.ok(name in variables, name)
    t.notOk(
      SECRETS.some((secret) => secret === name),
      `${name} is not in the manifest`,
    )
    if (!name.endsWith('_FILE')) continue
    const mount = container?.volumeMounts?.find(({ mountPath }) => mountPath === dirname(value ?? ''))
    const volume = pod?.spec?.volumes?.find(({ name }) => name === mount?.name)
    t.same(volume?.secret, { secretName: 'metrics-service', defaultMode: 0o440 }, `a Secret has ${name}`)
  }
  t.notOk(manifestFiles().some((file) => readManifest(file).kind === 'Secret'))
})

t.test('the pod is as confined as the restricted standard asks, and more', async (t) => {
  t.same(violations(deployment), [])
  t.equal(container?.securityContext?.readOnlyRootFilesystem, true)
  t.equal(pod?.spec?.automountServiceAccountToken, false)
})

for (const [what, from, to] of [
  ['a user that may be root', '"runAsNonRoot":true,', ''],
  ['root', '"runAsUser":1000', '"runAsUser":0'],
  ['no filter of system calls', '"RuntimeDefault"', '"Unconfined"'],
  ['a way to more privileges', '"allowPrivilegeEscalation":false,', ''],
  ['capabilities', '"drop":["ALL"]', '"drop":["ALL"],"add":["SYS_ADMIN"]'],
  ['capabilities that are not dropped', '"drop":["ALL"]', '"drop":["KILL"]'],
  ['privileges', '"allowPrivilegeEscalation"', '"privileged":true,"allowPrivilegeEscalation"'],
  [
    "the node's network",
    '"automountServiceAccountToken"',
    '"hostNetwork":true,"automountServiceAccountToken"',
  ],
  ["a folder of the node's", '"secret":{', '"hostPath":{"path":"/"},"_":{'],
] as const) {
  t.test(`a pod with ${what} is not as confined as that`, async (t) => {
    const text = JSON.stringify(deployment)
    t.ok(text.includes(from))
    t.equal(violations(JSON.parse(text.replaceAll(from, to))).length, 1)
  })
}

t.test(
  'only the namespace of the monitoring is let in, and names are asked of the cluster alone',
  async (t) => {
    for (const { from } of policy.spec?.ingress ?? []) {
      t.same(from, [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }])
    }
    const [names] = policy.spec?.egress ?? []
    t.same(
      names?.ports?.map(({ port }) => port),
      [53, 53],
    )
    t.ok(names?.to?.length, 'not of everybody')
  },
)

t.test('the image is the one of this version, and runs as the user that it was built for', async (t) => {
  const dockerfile = readFileSync(join(KUBERNETES, '../../Dockerfile'), 'utf8')
  const users = Array.from(dockerfile.matchAll(/^USER (.*)$/gm), ([, user]) => user)
  t.equal(users.at(-1), String(pod?.spec?.securityContext?.runAsUser))
  t.equal(container?.image, `metrics-service:${version}`)
})

function selects(
  t: Test,
  name: string,
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): void {
  t.ok(Object.keys(selector ?? {}).length > 0, `${name} selects by something`)
  t.hasStrict(labels, selector ?? {}, name)
}
