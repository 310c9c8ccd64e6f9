import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { argumentsOf } from '../../bench/postgres-exporter.ts'
import { freePort } from '../../demo/port.ts'
import { leash } from '../leash.ts'
import { poll } from '../poll.ts'

/** Another exporter, and where it serves: host:port. */
async function start(
  t: Test,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  port: number,
) {
  const child: ChildProcess = leash(
    spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const exit = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const target = `127.0.0.1:${port}`
  await poll(
    async () => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${output}`)
      return fetch(`http://${target}/metrics`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    (answers) => answers,
  )
  return target
}

/** Debian's postgres_exporter with these custom queries, and nothing of its own. */
export async function startPostgresExporter(t: Test, url: string, queries: string): Promise<string> {
  const port = await freePort()
  const args = argumentsOf(queries, port)
  return start(t, 'prometheus-postgres-exporter', args, { DATA_SOURCE_NAME: url }, port)
}

/** Debian's sql_exporter, which is that of justwatch. */
export async function startSqlExporter(t: Test, config: string): Promise<string> {
  const port = await freePort()
  const args = [`-config.file=${config}`, `-web.listen-address=127.0.0.1:${port}`]
  return start(t, 'prometheus-sql-exporter', args, {}, port)
}
