import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import t from 'tap'
import { createDatabase } from '../database.ts'
import { poll } from '../poll.ts'
import { spawnService } from '../process.ts'
import { ofKind } from './manifest.ts'
import { lacksProgram } from './programs.ts'
import { renderChart } from './render.ts'

const COLLECTOR = `import { defineCollector, gauge } from 'metrics-service'

export default defineCollector({
  name: 'answer',
  metrics: { business_answer: gauge('What it is.') },
  query: (sql) => sql\`SELECT 42 AS business_answer\`,
})
`

t.test(
  'the service collects from two databases of the chart, with its Secrets and its collectors',
  { skip: lacksProgram('helm') },
  async (t) => {
    const servers = [
      { name: 'eu-west', url: new URL((await createDatabase(t, { schema: false })).url) },
      { name: 'us', url: new URL((await createDatabase(t, { schema: false })).url) },
    ]
    const secrets = new Map(
      servers.map(({ name, url }) => [
        `shop-${name}`,
        { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) || 'none' },
      ]),
    )
    const databases = servers.map(({ name, url }) => ({
      name,
      url: `postgres://${url.host}${url.pathname}`,
      secret: { name: `shop-${name}`, user: 'username' },
    }))
    const made = renderChart(t, { databases, collectors: { files: { 'answer.ts': COLLECTOR } } })
    const pod = ofKind<IDeployment>(made, 'Deployment').spec?.template.spec
    const [container] = pod?.containers ?? []

    // What the kubelet does: each volume in a folder, each key a file.
    const root = t.testdir({})
    const folders = new Map(container?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath]))
    const write = (volume: string, path: string, text: string) => {
      const file = join(root, folders.get(volume) ?? 'nowhere', path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    for (const { name, secret, configMap } of pod?.volumes ?? []) {
      const { password = '' } = secrets.get(secret?.secretName ?? '') ?? {}
      for (const { path } of secret?.items ?? []) write(name, path, password)
      if (configMap !== undefined) write(name, 'answer.ts', COLLECTOR)
    }
    const env = Object.fromEntries(
      container?.env?.map(({ name, value = '', valueFrom }) => [
        name,
        secrets.get(valueFrom?.secretKeyRef?.name ?? '')?.username ??
          (value.startsWith('/') ? join(root, value) : value),
      ]) ?? [],
    )

    const running = await spawnService(t, env)
    await running.said('metrics on')
    const page = async () => (await fetch(`${running.url}/metrics`)).text()
    const text = await poll(page, (page) => (page.match(/^business_answer\{.*\} 42$/gm) ?? []).length === 2)
    for (const { name } of servers) t.match(text, `business_answer{database="${name}"} 42\n`)
  },
)
