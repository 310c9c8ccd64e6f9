import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

const HEAD = `# Written from rules/ by \`npm run manifests\`.
# A Prometheus that selects PrometheusRules by a label, such as \`release\`, wants it here.
`

/** Writes the rules as prometheus-operator takes them, to the file that is named or to where it is kept. */
const folder = fileURLToPath(new URL('rules', import.meta.url))
const file = process.argv[2] ?? join(folder, '../prometheusrule.yaml')
const groups = readdirSync(folder)
  .sort()
  .flatMap((name) => parse(readFileSync(join(folder, name), 'utf8')).groups)
const rule = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'metrics-service', labels: { 'app.kubernetes.io/name': 'metrics-service' } },
  spec: { groups },
}
writeFileSync(file, HEAD + stringify(rule, { lineWidth: 0 }))
