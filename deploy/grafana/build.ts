import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { business } from './business.ts'
import { service } from './service.ts'

/** Writes the dashboards that Grafana loads, to the folder that is named or to where they are kept. */
const folder = process.argv[2] ?? fileURLToPath(new URL('dashboards', import.meta.url))
await mkdir(folder, { recursive: true })
for (const [name, board] of Object.entries({ business, service })) {
  const dashboard = board.build()
  // These are of variables of another kind, and Grafana's schema does not know them here.
  for (const variable of dashboard.templating?.list ?? []) {
    delete variable.auto
    delete variable.auto_min
    delete variable.auto_count
  }
  for (const [i, panel] of (dashboard.panels ?? []).entries()) panel.id = i + 1
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`)
}
