import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../src/config/package.ts'

/** Where a group of rules begins, and the one about the service itself: the others are about the shipped collectors. */
const GROUP = /^(?= {4}- name: )/m
const OWN = '    - name: metrics-service\n'

/** What tells Prometheus Operator and Grafana of a service with collectors of one's own. */
export function monitoring(): [path: string, text: string][] {
  const read = (path: string) => readFileSync(join(packageFolder, path), 'utf8')
  // Its first line says how it is written here.
  const rules = read('deploy/prometheus/prometheusrule.yaml').replace(/^.*\n/, '')
  const [head = '', ...groups] = rules.split(GROUP)
  return [
    ['monitoring/kustomization.yaml', read('init/files/monitoring.yaml')],
    ['monitoring/servicemonitor.yaml', read('deploy/kubernetes/prometheus-operator/servicemonitor.yaml')],
    ['monitoring/prometheusrule.yaml', [head, ...groups.filter((text) => text.startsWith(OWN))].join('')],
    ['monitoring/dashboard.json', read('deploy/grafana/dashboards/service.json')],
  ]
}
