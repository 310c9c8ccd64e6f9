// Commands: serve, check, new, health, init, import. Imports src/app.ts and the thread for its collectors, init/ and import/.
import { type ExitCode, type Io, MISUSED, OK } from '../config/arguments.ts'
import { nearest } from '../config/nearest.ts'
import { print } from '../config/print.ts'
import { version } from '../config/version.ts'

const USAGE = `Usage: metrics-service [command] [option …]

  serve         collect and serve the page: what runs when no command is given
  check         run each collector once and report what is wrong
  new           make a collector of a query
  health        ask the running service whether it is healthy
  init          make a folder of your own collectors
  import        write collectors from the queries of other exporters

  --help        show this; after a command, what that takes
  --version     show the version
`

type Run = (args: readonly string[], io: Io) => Promise<ExitCode>

/** Loads each command by its name. Only what runs is loaded, because `health` runs every few seconds. */
const COMMANDS: ReadonlyMap<string, () => Promise<Run>> = new Map([
  ['serve', loadServe],
  ['check', loadCheck],
  ['new', loadNew],
  ['health', loadHealth],
  ['init', async () => (await import('../../init/init.ts')).init],
  ['import', loadImport],
])

/** Runs the command that the first argument names; without one, the service. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === '--help' || name === '--version') {
    print(io.stdout, name === '--help' ? USAGE : `${version}\n`)
    return OK
  }
  if (name === undefined || name.startsWith('-')) return (await loadServe())(args, io)
  const load = COMMANDS.get(name)
  if (load !== undefined) return (await load())(rest, io)
  const meant = nearest(name, [...COMMANDS.keys()])
  const question = meant === undefined ? '' : `: did you mean "${meant}"?`
  print(io.stderr, `there is no command "${name}"${question}\n\n${USAGE}`)
  return MISUSED
}

async function loadServe(): Promise<Run> {
  const [{ serve }, buildApp] = await Promise.all([import('./serve.ts'), loadApp()])
  return (args, io) => serve(args, io, buildApp)
}

async function loadCheck(): Promise<Run> {
  const [{ check }, buildApp] = await Promise.all([import('../check/command.ts'), loadApp()])
  return (args, io) => check(args, io, buildApp)
}

async function loadNew(): Promise<Run> {
  const [{ create }, buildApp] = await Promise.all([import('../new/command.ts'), loadApp()])
  return (args, io) => create(args, io, buildApp)
}

async function loadImport(): Promise<Run> {
  const { importCollectors } = await import('../../import/command.ts')
  return (args, io) => importCollectors(args, io, loadApp)
}

/** Loads the app, and starts the thread for its collectors meanwhile. */
async function loadApp() {
  const { prepareThread } = await import('../../plugins/collectors/rehearsal.ts')
  prepareThread()
  return (await import('../app.ts')).buildApp
}

async function loadHealth(): Promise<Run> {
  return (await import('./health.ts')).health
}
