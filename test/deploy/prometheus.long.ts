import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CERTIFICATE } from '../../plugins/page/service-families.ts'
import { lacks } from '../program.ts'
import { ROOT } from '../root.ts'
import { watchDemo } from './demo.ts'
import { FOLDER, files, promtool } from './promtool.ts'

const { config } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const operations = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')

interface Rule {
  readonly type: 'alerting' | 'recording'
  readonly name: string
  readonly query: string
  readonly duration?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

t.test(
  'promtool finds that every rule does in its cases what they say',
  { skip: lacks('promtool', 'prometheus') },
  async (t) => {
    const { status, output } = promtool('test', 'rules', ...files('tests'))
    t.equal(status, 0, output)
  },
)

t.test(
  'Prometheus loads every rule, each alert can be acted on, and each metric is one of the page',
  { skip: lacks('prometheus', 'prometheus') },
  async (t) => {
    const prometheus = await watchDemo(t)
    const { groups } = await prometheus.get<{ groups: { rules: Rule[] }[] }>('rules')
    const rules = groups.flatMap(({ rules }) => rules)
    const alerts = rules.filter(({ type }) => type === 'alerting')
    t.ok(alerts.length > 0)

    const cases = files('tests')
      .map((file) => readFileSync(join(FOLDER, file), 'utf8'))
      .join('\n')
    for (const { name, duration = 0, labels = {}, annotations = {} } of alerts) {
      t.ok(duration > 0, `${name} waits`)
      t.match(labels.severity, /^(critical|warning)$/, `${name} has a severity`)
      t.ok(annotations.summary && annotations.description, `${name} says what is wrong`)
      // The anchor of a heading of one word is that word in lower case:
      // https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
      t.equal(annotations.runbook_url, `${config.runbooks}#${name.toLowerCase()}`)
      t.match(operations, new RegExp(`^### ${name}$`, 'm'), `docs/operations.md has ${name}`)
      t.match(cases, new RegExp(`alertname: ${name}\\n.*\\n\\s+exp_alerts:\\n`), `a case has ${name} fire`)
      t.match(cases, new RegExp(`alertname: ${name}, .*exp_alerts: \\[\\] }`), `a case has ${name} not fire`)
    }
    const described = [...operations.matchAll(/^### ([A-Z]\w+)$/gm)].map(([, name]) => name)
    t.same(described.sort(), alerts.map(({ name }) => name).sort(), 'no alert is described that there is not')

    const recorded = rules.filter(({ type }) => type === 'recording').map(({ name }) => name)
    // Without TLS there is no certificate.
    const names = [...(await prometheus.get<string[]>('label/__name__/values')), CERTIFICATE.name]
    for (const { name, query } of rules) {
      for (const metric of query.match(
        /\b(?:business|collection|collectors?|database|instance|job|metrics_service|process|tls)[a-z_]*[_:][\w:]*/g,
      ) ?? []) {
        t.ok(names.includes(metric) || recorded.includes(metric), `${name}: ${metric}`)
      }
    }
  },
)
