import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createDatabase } from '../database.ts'
import { spawnService } from '../process.ts'
import { ROOT } from '../root.ts'

// Somebody who may send a signal to the process: Node.js would let him run code in it, on a port without a password.

/** The commands of production: of `npm start`, and of the image. */
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const { scripts }: { scripts: { start: string } } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
)
const [, entrypoint = ''] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? []
const commands = {
  'npm start': ['sh', '-c', `PATH="${join(ROOT, 'node_modules/.bin')}:$PATH" && ${scripts.start}`],
  'the image': [process.execPath, ...JSON.parse(entrypoint).slice(1)],
}

for (const [name, command] of Object.entries(commands)) {
  t.test(`no signal opens a debugger in ${name}`, async (t) => {
    const { url } = await createDatabase(t, { schema: false })
    const service = await spawnService(
      t,
      // Whatever port is free, where there is one.
      { DATABASE_URL: url },
      { command: ['env', 'NODE_OPTIONS=--inspect-port=0', ...command] },
    )
    await service.said('metrics on')
    service.child.kill('SIGUSR1')
    // The service has gone on for some turns when it has answered these.
    for (let i = 0; i < 20; i++) t.equal((await fetch(`${service.url}/healthz`)).status, 200)
    service.child.kill('SIGTERM')
    t.equal(await service.exit, 0)
    t.notMatch(service.output(), /debugger/i)
  })
}
