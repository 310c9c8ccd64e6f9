import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1'
import type { IService } from 'kubernetes-models/v1'
import t from 'tap'
import { filesOf } from '../../init/files.ts'
import { blocks, read } from '../docs/markdown.ts'
import { ROOT } from '../root.ts'
import { SAME } from './cases.ts'
import { KUBERNETES, type Manifest, ofKind } from './manifest.ts'
import { lacksProgram, runProgram } from './programs.ts'
import { kustomize } from './render.ts'

const kubectl = { skip: lacksProgram('kubectl') }

t.test('each component is compared with the chart', async (t) => {
  const compared = SAME.map(({ kustomization }) => kustomization).join('\n')
  for (const component of readdirSync(join(KUBERNETES, 'components')))
    t.match(compared, `components/${component}`)
})

t.test('the rules for prometheus-operator are those of Prometheus', async (t) => {
  const file = join(t.testdir({}), 'rule.yaml')
  const { status, stderr } = spawnSync(process.execPath, ['deploy/prometheus/build.ts', file], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  const kept = read('deploy/prometheus/prometheusrule.yaml')
  t.ok(readFileSync(file, 'utf8') === kept, 'npm run manifests')
})

t.test(
  'init has the alerts and the dashboard of the service for a cluster with Prometheus Operator',
  kubectl,
  async (t) => {
    const folder = t.testdir({})
    for (const [path, text] of filesOf(folder, '1.0.0', { docker: false, kubernetes: true })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(
        join(folder, path),
        text.replace('resources: [kubernetes]', 'resources: [kubernetes, monitoring]'),
      )
    }
    const made = runProgram('kubectl', 'kustomize', folder)
    for (const kind of ['Deployment', 'ServiceMonitor', 'PrometheusRule']) t.match(made, `\nkind: ${kind}\n`)
    t.match(made, 'grafana_dashboard: "1"')
    for (const [, alert] of read('deploy/prometheus/rules/service.yml').matchAll(/alert: (\w+)/g)) {
      t.match(made, `alert: ${alert}\n`)
    }
    t.notMatch(made, /expr: .*business_/, 'nothing of collectors that are not there')
  },
)

t.test('kubectl apply can note each object in an annotation, as it does', kubectl, async (t) => {
  for (const folder of ['kubernetes', 'prometheus', 'grafana']) {
    for (const object of runProgram('kubectl', 'kustomize', join(ROOT, 'deploy', folder)).split('\n---\n'))
      t.ok(Buffer.byteLength(object) < 256 * 1024, folder)
  }
})

/** The kustomization of docs/deployment.md, for one name and for another. */
function prefixed(name: string): string {
  const document = { path: '', prose: '', text: read('docs/deployment.md') }
  const [snippet = ''] = blocks(document, 'yaml').filter((block) => block.includes('namePrefix'))
  return snippet.replaceAll(/\beu\b/g, name)
}

/** What an object selects other objects by. */
function selectorsOf(manifests: readonly Manifest[]): Record<string, unknown> {
  const { spec } = ofKind<IDeployment>(manifests, 'Deployment')
  return {
    deployment: spec?.selector.matchLabels,
    spread: spec?.template.spec?.topologySpreadConstraints?.[0]?.labelSelector?.matchLabels,
    service: ofKind<IService>(manifests, 'Service').spec?.selector,
    policy: ofKind<INetworkPolicy>(manifests, 'NetworkPolicy').spec?.podSelector?.matchLabels,
    budget: ofKind<IPodDisruptionBudget>(manifests, 'PodDisruptionBudget').spec?.selector?.matchLabels,
    monitor: ofKind<IServiceMonitor>(manifests, 'ServiceMonitor').spec.selector.matchLabels,
  }
}

t.test('two services with a prefix each have nothing in common in a namespace', kubectl, async (t) => {
  for (const name of ['eu', 'us']) {
    const manifests = kustomize(t, prefixed(name))
    for (const { kind, metadata } of manifests) t.match(metadata.name, new RegExp(`^${name}-`), kind)
    const own = { 'app.kubernetes.io/name': 'metrics-service', 'app.kubernetes.io/instance': name }
    for (const [what, labels] of Object.entries(selectorsOf(manifests))) t.same(labels, own, what)
    const { metadata, spec } = ofKind<IDeployment>(manifests, 'Deployment')
    t.hasStrict(spec?.template.metadata?.labels, own)
    t.hasStrict(ofKind(manifests, 'Service').metadata.labels, own)
    t.hasStrict(metadata.labels, own)
  }
})

t.test('the Secret of a prefixed service is its own', kubectl, async (t) => {
  const { spec } = ofKind<IDeployment>(kustomize(t, prefixed('eu')), 'Deployment')
  const secrets = spec?.template.spec?.volumes?.find(({ name }) => name === 'secrets')
  t.same(secrets?.secret, { secretName: 'eu-metrics-service', defaultMode: 0o440 })
})
