/** The chart's values and the kustomization that come to the same. */
interface Same {
  readonly what: string
  readonly values: object
  readonly kustomization: string
  readonly files?: Readonly<Record<string, string>>
}

const OPERATOR = 'deploy/kubernetes/prometheus-operator'
const COLLECTORS = { 'tables.ts': "import { gauge } from 'metrics-service'\n\nexport default gauge\n" }
const enabled = { enabled: true }

function overlay(components: readonly string[], resources: readonly string[] = [], more = ''): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [${['deploy/kubernetes', ...resources].join(', ')}]
components: [${components.map((component) => `deploy/kubernetes/components/${component}`).join(', ')}]
${more}`
}

const GENERATED = `
configMapGenerator:
  - name: metrics-service-collectors
    files: [tables.ts]
    options:
      disableNameSuffixHash: true
      labels: { app.kubernetes.io/name: metrics-service, app.kubernetes.io/instance: metrics-service }
`

const ELECTION = { replicas: 2, leaderElection: enabled }

export const SAME: readonly Same[] = [
  { what: 'no values', values: {}, kustomization: overlay([]) },
  { what: 'an election', values: ELECTION, kustomization: overlay(['leader-election']) },
  {
    what: 'a state in PostgreSQL',
    values: { state: { url: enabled } },
    kustomization: overlay(['state-url']),
  },
  { what: 'a state in a file', values: { state: { file: enabled } }, kustomization: overlay(['state-file']) },
  { what: 'TLS without an operator', values: { tls: enabled }, kustomization: overlay(['tls']) },
  {
    what: 'TLS and a token that prometheus-operator knows',
    values: { tls: enabled, token: enabled, serviceMonitor: enabled },
    kustomization: overlay(['tls', 'token'], [OPERATOR]),
  },
  {
    what: 'collectors in a ConfigMap',
    values: { collectors: { files: COLLECTORS } },
    kustomization: overlay(['collectors'], [], GENERATED),
    files: COLLECTORS,
  },
  {
    what: 'rules and dashboards',
    values: { prometheusRule: enabled, dashboards: enabled },
    kustomization: overlay([], ['deploy/prometheus', 'deploy/grafana']),
  },
  {
    what: 'all of it',
    values: {
      ...ELECTION,
      state: { url: enabled },
      tls: enabled,
      token: enabled,
      collectors: { files: COLLECTORS },
      serviceMonitor: enabled,
      prometheusRule: enabled,
      dashboards: enabled,
    },
    kustomization: overlay(
      ['leader-election', 'state-url', 'tls', 'token', 'collectors'],
      [OPERATOR, 'deploy/prometheus', 'deploy/grafana'],
      GENERATED,
    ),
    files: COLLECTORS,
  },
]

/** Values with which the chart makes all that it can of one release. */
export const FULL = {
  ...ELECTION,
  imagePullSecrets: [{ name: 'registry' }],
  databases: [
    { name: 'eu-west', url: 'postgres://db.eu:5432/shop', secret: { name: 'shop-eu', user: 'username' } },
    { name: 'us', url: 'postgres://metrics@db.us/shop', secret: { name: 'shop-us', password: 'secret' } },
  ],
  env: { METRICS_TICK_DURATION: '30s' },
  extraEnv: [{ name: 'LEADER_GROUP', value: 'shop' }],
  collectors: { files: COLLECTORS },
  state: { url: enabled },
  tls: { ...enabled, clientCertificates: true, prometheusSecret: 'prometheus-tls' },
  token: enabled,
  serviceMonitor: {
    ...enabled,
    labels: { release: 'kube-prometheus-stack' },
    metricRelabelings: [
      { sourceLabels: ['__name__'], regex: 'business_.*', targetLabel: 'instance', replacement: '' },
    ],
  },
  prometheusRule: { ...enabled, labels: { release: 'kube-prometheus-stack' } },
  dashboards: { ...enabled, annotations: { grafana_folder: 'Business' } },
  networkPolicy: { databasePorts: [5432, 6432], extraEgress: [{ ports: [{ protocol: 'TCP', port: 443 }] }] },
  serviceAccountName: 'metrics',
  podAnnotations: { 'example.com/team': 'shop' },
  podLabels: { team: 'shop' },
  priorityClassName: 'high',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  extraVolumes: [{ name: 'ca', configMap: { name: 'database-ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/database-ca' }],
}
